import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeNeedle } from '#kernels/needle.ts'
import { LineEncoder } from './encode-lines.ts'
import { rowsContaining } from './line-search.ts'
import { openColumns } from './open-columns.ts'
import { anyLine, streamOfLines } from './sample-lines.ts'

/** Rows, as numbers, whose lines contain the needle. */
function search(lines: readonly Uint8Array[], needle: Uint8Array, ignoreCase = false): number[] {
  const lineTo = new Uint32Array(lines.length)
  let end = 0
  lines.forEach((line, i) => {
    lineTo[i] = end += line.length
  })
  const rows = {
    bytes: new Uint8Array(Buffer.concat(lines)),
    lineFrom: lineTo.map((to, i) => to - lines[i].length),
    lineTo,
    rows: lines.length,
    tsMs: new Float64Array(lines.length).fill(1_790_000_000_000),
    tsNs: new Uint32Array(lines.length),
  }
  const stored = new Uint8Array(Buffer.concat(new LineEncoder().encode(rows).pieces))
  const found = rowsContaining(openColumns(stored, rows), makeNeedle(needle, ignoreCase))
  return lines.map((_, row) => row).filter((row) => found[row] === 1)
}

function asBytes(lines: readonly string[]): Uint8Array[] {
  return lines.map((line) => new Uint8Array(Buffer.from(line)))
}

describe('search in columns', () => {
  const lines = asBytes([
    '{"level":"info","id":"ab-12","n":12}',
    '{"level":"error","id":"ab-34","n":123}',
    '{"level":"info","id":"cd-12","n":312}',
    '{"level":"info","id":"ab-12","n":12} trailing',
    'level=error 12 ab-12',
  ])
  test.each<[string, string, number[]]>([
    ['in a value', 'error', [1, 4]],
    ['in a constant', '"level"', [0, 1, 2, 3]],
    ['across a constant and a value', '"level":"error', [1]],
    ['across a value and a constant', 'info","id', [0, 2, 3]],
    ['across two values', '12","n":31', [2]],
    ['across three borders', 'fo","id":"cd-12","n":3', [2]],
    ['digits', '12', [0, 1, 2, 3, 4]],
    ['over the end of the object', '12} t', [3]],
    ['over the end of a line', '}{', []],
    ['the whole line', '{"level":"error","id":"ab-34","n":123}', [1]],
    ['nowhere', 'zz-never', []],
  ])('%s', (_, needle, rows) => {
    expect(search(lines, Buffer.from(needle))).toEqual(rows)
  })

  test('finds what a search in the lines finds', () => {
    const block = fc.oneof(streamOfLines, fc.array(anyLine, { minLength: 1, maxLength: 60 }))
    const length = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 60 }))
    const place = fc.tuple(block, fc.nat(1000), fc.nat(200), length)
    const lower = (bytes: Uint8Array): Buffer =>
      Buffer.from(bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)))
    fc.assert(
      fc.property(place, fc.boolean(), fc.boolean(), ([all, row, from, length], ignoreCase, isAltered) => {
        const line = all[row % all.length]
        const at = line.length === 0 ? 0 : from % line.length
        const needle = line.slice(at, at + length)
        if (needle.length === 0) return
        if (isAltered) needle[needle.length >> 1] ^= 0x20
        const folded = ignoreCase ? lower : (bytes: Uint8Array) => Buffer.from(bytes)
        const wanted = all.map((_, i) => i).filter((i) => folded(all[i]).includes(folded(needle)))
        expect(search(all, needle, ignoreCase)).toEqual(wanted)
      }),
      { numRuns: 500 },
    )
  }, 60_000)
})
