import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyLine, streamOfLines } from '../columns/sample-lines.ts'
import type { LinePredicate } from '../types.ts'
import { encodeBlockLines, matchColumns, openBlockColumns } from './block-lines.ts'
import { FormatError } from './bytes.ts'
import { matchLines } from './line-match.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

function blockOf(lines: readonly Uint8Array[]) {
  return {
    tsMs: Float64Array.from(lines, (_, i) => 1_790_000_000_000 + i),
    tsNs: new Uint32Array(lines.length),
    lengths: Uint32Array.from(lines, (line) => line.length),
    lines: new Uint8Array(Buffer.concat(lines)),
  }
}

const predicates = (lines: readonly Uint8Array[]): fc.Arbitrary<LinePredicate[]> => {
  const needle = fc
    .tuple(fc.nat(lines.length - 1), fc.nat(30), fc.integer({ min: 1, max: 6 }))
    .map(([row, from, length]) => lines[row].subarray(from, from + length))
    .map((bytes) => (bytes.length === 0 ? new Uint8Array([0x22]) : bytes))
  const needles = fc.array(needle, { minLength: 1, maxLength: 2 })
  return fc.array(fc.record({ kind: fc.constantFrom('contains', 'lacks'), needles }), { maxLength: 3 })
}

describe('the lines of a block', () => {
  test('few rows are kept as they are, more as columns', async () => {
    const line = new Uint8Array(Buffer.from('a=1'))
    const few = await encodeBlockLines(blockOf(Array<Uint8Array>(63).fill(line)))
    const more = await encodeBlockLines(blockOf(Array<Uint8Array>(64).fill(line)))
    expect([few.codec, more.codec]).toEqual([PLAIN_CODEC, COLUMNS_CODEC])
    expect([few.part.info.rawBytes, more.part.info.rawBytes]).toEqual([63 * 3, 64 * 3])
  })

  test('predicates keep the same rows in columns as in lines', async () => {
    const block = fc
      .oneof(streamOfLines, fc.array(anyLine, { minLength: 64, maxLength: 90 }))
      .chain((lines) => fc.tuple(fc.constant(lines), predicates(lines)))
    await fc.assert(
      fc.asyncProperty(block, async ([lines, wanted]) => {
        const rows = blockOf(lines)
        const { codec, part } = await encodeBlockLines(rows)
        const entry = { codec, rows: lines.length, lines: part.info } as DirectoryEntry
        const conditions = { predicates: wanted, anyCase: [], fields: [] }
        const found = matchColumns(openBlockColumns(part.stored, entry, rows), conditions)
        let end = 0
        const lineTo = rows.lengths.map((length) => (end += length))
        const lineFrom = lineTo.map((to, i) => to - rows.lengths[i])
        const positions = rows.lengths.map((_, i) => i)
        const plain = { bytes: rows.lines, lineFrom, lineTo }
        expect(found).toEqual(Uint32Array.from(matchLines(plain, positions, wanted)))
      }),
      { numRuns: 150 },
    )
  })

  test('columns of other rows than the directory says are damage', async () => {
    const rows = blockOf(Array<Uint8Array>(64).fill(new Uint8Array([0x61])))
    const { codec, part } = await encodeBlockLines(rows)
    const entry = { codec, rows: 65, lines: part.info } as DirectoryEntry
    expect(() => openBlockColumns(part.stored, entry, rows)).toThrow(FormatError)
  })
})
