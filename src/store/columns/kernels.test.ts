import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Loaded, loadKernels } from '#kernels/wasm.ts'
import { LineEncoder, type LineRows } from './encode-lines.ts'
import { anyLine, streamOfLines } from './sample-lines.ts'

// The same bytes with kernels and without, the kernels compiled from the sources as they are now.

const twins: Loaded = { wasm: undefined, reason: 'the twins are wanted' }
let dir: string
let kernels: Loaded

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-kernels-'))
  execFileSync(process.execPath, [join(import.meta.dirname, '../../../build/kernels.ts'), dir])
  kernels = loadKernels('on', [dir])
})
afterAll(() => rmSync(dir, { recursive: true }))

function rowsOf(lines: readonly (string | Uint8Array)[]): LineRows {
  const all = lines.map((line) => new Uint8Array(Buffer.from(line)))
  const lineTo = new Uint32Array(all.length)
  let at = 0
  all.forEach((line, i) => {
    lineTo[i] = at += line.length
  })
  return {
    bytes: new Uint8Array(Buffer.concat(all)),
    lineFrom: lineTo.map((to, i) => to - all[i].length),
    lineTo,
    rows: all.length,
    tsMs: Float64Array.from(all, (_, i) => 1_790_000_000_000 + i),
    tsNs: Uint32Array.from(all, (_, i) => i % 1_000_000),
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Times of one form, now and then with a digit that makes them none. */
const timeLines = fc
  .record({
    isIso: fc.boolean(),
    separator: fc.constantFrom('T', ' ', ':', '_'),
    digits: fc.nat(9),
    mark: fc.constantFrom('.', ','),
    suffix: fc.constantFrom('', 'Z', '+01:00', ' x'),
    times: fc.array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom(1969, 1970, 2000, 2024, 2026, 2100, 9999),
          fc.integer({ min: 0, max: 9999 }),
        ),
        fc.tuple(fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 })),
        fc.tuple(fc.nat(24), fc.nat(60), fc.nat(60)),
        fc.nat(999_999_999),
      ),
      { minLength: 1, maxLength: 30 },
    ),
    isSameDay: fc.boolean(),
  })
  .map(({ isIso, separator, digits, mark, suffix, times, isSameDay }) =>
    times.map(([year, [month, day], clock, nanos]) => {
      const [y, m, d] = isSameDay ? [2026, 9, 22] : [year, month, day]
      const text = (value: number, length = 2): string => String(value).padStart(length, '0')
      const date = isIso
        ? `${text(y, 4)}-${text(m)}-${text(d)}`
        : `${text(d)}/${MONTHS[m - 1] ?? 'Xyz'}/${text(y, 4)}`
      const fraction = digits === 0 ? '' : mark + text(nanos, 9).slice(0, digits)
      return `${date}${separator}${clock.map((part) => text(part)).join(':')}${fraction}${suffix}`
    }),
  )

describe('columns', () => {
  let same: (rows: LineRows) => void
  beforeAll(() => {
    const fast = new LineEncoder(kernels)
    const slow = new LineEncoder(twins)
    same = (rows) => {
      const wanted = Buffer.concat(slow.encode(rows).pieces)
      expect(Buffer.compare(Buffer.concat(fast.encode(rows).pieces), wanted)).toBe(0)
    }
  })

  test('of times are the same with kernels and without', () => {
    fc.assert(
      fc.property(timeLines, fc.boolean(), (lines, isJson) => {
        same(rowsOf(lines.map((line) => (isJson ? JSON.stringify({ at: line }) : `at="${line}"`))))
      }),
      { numRuns: 2000 },
    )
  })

  test('are the same with kernels and without', () => {
    expect(kernels.wasm).toBeDefined()
    const block = fc.oneof(fc.array(anyLine, { maxLength: 100 }), streamOfLines)
    fc.assert(
      fc.property(block, (lines) => same(rowsOf(lines))),
      { numRuns: 400 },
    )
    same(rowsOf(Array.from({ length: 70_000 }, (_, i) => `${i}`)))
    same(rowsOf(Array.from({ length: 9000 }, (_, i) => `${i} ${i + 1} `.repeat(16))))
    same(rowsOf(Array.from({ length: 700 }, (_, i) => `{"k${i}":${i}}`)))
    same(rowsOf(['x'.repeat(2 ** 20), '1']))
    same(rowsOf(['{"a":1}', '{"a":2}']))
    same(
      rowsOf(
        Array.from(
          { length: 5000 },
          (_, i) => `q${i.toString(36)} ${'w'.repeat(i % 50)} x${'y'.repeat(i % 9)}`,
        ),
      ),
    )
  }, 120_000)
})
