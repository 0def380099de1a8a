import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { joinLines, type LineShapes, takeLineTexts } from './join-lines.ts'
import { type Loaded, loadKernels } from './wasm.ts'

let dir: string
let kernels: Loaded
const twins: Loaded = { wasm: undefined, reason: 'for comparison' }

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-kernels-'))
  execFileSync(process.execPath, [join(import.meta.dirname, '../../build/kernels.ts'), dir])
  kernels = loadKernels(undefined, [dir])
}, 60_000)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A shape as its constants; behind each but the last stands a value, of columns 0, 1, 2 … in turn. */
type PlainShape = readonly string[]

function layOut(plain: readonly PlainShape[]): { shapes: LineShapes; constants: string } {
  const stepFrom = [0]
  const constantFrom: number[] = []
  const constantTo: number[] = []
  const stepColumn: number[] = []
  let constants = ''
  for (const shape of plain) {
    for (const [i, constant] of shape.entries()) {
      constantFrom.push(constants.length)
      constants += constant
      constantTo.push(constants.length)
      stepColumn.push(i === shape.length - 1 ? -1 : i)
    }
    stepFrom.push(constantFrom.length)
  }
  return {
    constants,
    shapes: {
      count: plain.length,
      stepFrom: Uint32Array.from(stepFrom),
      constantFrom: Uint32Array.from(constantFrom),
      constantTo: Uint32Array.from(constantTo),
      stepColumn: Int32Array.from(stepColumn),
    },
  }
}

/** The lines of rows of these shapes with these values, as one text, and what the kernel or twin makes of it. */
function lines(
  plain: readonly PlainShape[],
  rows: readonly { shape: number; values: string[] }[],
  by: Loaded,
) {
  const { shapes, constants } = layOut(plain)
  const columns = Math.max(...plain.map((shape) => shape.length - 1))
  const ofColumns = Array.from({ length: columns }, (_, column) =>
    rows.filter(({ shape }) => plain[shape].length - 1 > column).map(({ values }) => values[column] ?? ''),
  )
  const values = ofColumns.flat()
  const all = Buffer.from(constants + values.join(''), 'latin1')
  const texts = takeLineTexts(all.length, values.length, by)
  texts.arena.set(all)
  let at = constants.length
  for (const [i, value] of values.entries()) {
    texts.valueFrom[i] = at
    texts.valueTo[i] = at += value.length
  }
  const wanted = rows.map(({ shape, values: of }) =>
    plain[shape].map((constant, i) => constant + (i < plain[shape].length - 1 ? (of[i] ?? '') : '')).join(''),
  )
  let first = 0
  const nextValue = Uint32Array.from(ofColumns, (each) => {
    first += each.length
    return first - each.length
  })
  const lineFrom = new Uint32Array(rows.length)
  const lineTo = new Uint32Array(rows.length)
  const bytes = joinLines(
    {
      shapes,
      rowShapes: Uint32Array.from(rows, ({ shape }) => shape),
      rows: Uint32Array.from(rows.keys()),
      nextValue,
      texts,
      lineBytes: wanted.join('').length,
    },
    lineFrom,
    lineTo,
    by,
  )
  const text = Buffer.from(bytes).toString('latin1')
  return { wanted, found: rows.map((_, row) => text.slice(lineFrom[row], lineTo[row])) }
}

const piece = fc.string({ unit: 'binary-ascii', maxLength: 40 })
const plainShapes = fc.array(fc.array(piece, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 })

test('lines are put together the same by kernels and twins', () => {
  const block = plainShapes.chain((plain) =>
    fc.tuple(
      fc.constant(plain),
      fc.array(
        fc.record({
          shape: fc.nat(plain.length - 1),
          values: fc.array(piece, { minLength: 6, maxLength: 6 }),
        }),
        { maxLength: 60 },
      ),
    ),
  )
  fc.assert(
    fc.property(block, ([plain, rows]) => {
      for (const by of [kernels, twins]) {
        const { wanted, found } = lines(plain, rows, by)
        expect(found).toEqual(wanted)
      }
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['more rows than fit in at once', 40_000, 3],
  ['longer lines than fit in', 20, 100_000],
  ['more values than fit in', 140_000, 1],
])('%s', (_, count, length) => {
  const rows = Array.from({ length: count }, (_, i) => ({
    shape: i % 2,
    values: ['x'.repeat(length + (i % 3))],
  }))
  const { wanted, found } = lines([['a', 'b'], ['']], rows, kernels)
  expect(found).toEqual(wanted)
})
