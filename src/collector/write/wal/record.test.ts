import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRecord, encodeRecords, findRecord, type WalRecord } from './record.ts'

const text = fc.string({ unit: 'grapheme' })
const pairs = fc.array(fc.tuple(text, text), { maxLength: 3 })
const logEntry = fc.record({
  tsMs: fc.integer({ min: -1_000_000, max: 9_000_000_000_000 }),
  tsNs: fc.nat(999_999),
  line: fc.oneof(text, fc.uint8Array()),
  metadata: pairs,
})
const logBatch = fc.record({ labels: pairs, entries: fc.array(logEntry, { minLength: 1, maxLength: 5 }) })

const plain = ({ labels, entries }: Pick<WalRecord, 'labels' | 'entries'>): unknown => ({
  labels,
  entries: entries.map(({ line, ...rest }) => ({
    ...rest,
    line: Buffer.from(line as string).toString('hex'),
  })),
})

/** All records that can be found. */
function readAll(bytes: Buffer): WalRecord[] {
  const records: WalRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const record = decodeRecord(bytes, at)
    if (record === undefined || typeof record === 'number') at = findRecord(bytes, at + 1)
    else {
      records.push(record)
      at = record.end
    }
  }
  return records
}

test('property: what is written is what is read', () => {
  fc.assert(
    fc.property(fc.array(logBatch, { maxLength: 5 }), (batches) => {
      const records = readAll(Buffer.concat(batches.flatMap(encodeRecords)))
      expect(records.map(plain)).toEqual(batches.map(plain))
    }),
  )
})

test('property: a broken byte costs one record at most', () => {
  fc.assert(
    fc.property(
      fc.array(logBatch, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (batches, place, change) => {
        const records = batches.flatMap(encodeRecords)
        const bytes = Buffer.concat(records)
        const at = place % bytes.length
        bytes[at] ^= change
        let before = 0
        const broken = records.findIndex((record) => {
          before += record.length
          return at < before
        })
        expect(readAll(bytes).map(plain)).toEqual(batches.filter((_, index) => index !== broken).map(plain))
      },
    ),
  )
})

describe('a record that is not whole', () => {
  const [record] = encodeRecords({ labels: [], entries: [{ tsMs: 1, tsNs: 0, line: 'x', metadata: [] }] })
  test.each([0, 1, 11, 12, 20, record.length - 1])('of %i bytes needs more', (length) => {
    expect(decodeRecord(record.subarray(0, length), 0)).toBe(length < 12 ? 12 : record.length)
  })
})

test('a large batch becomes several records, a large line one', () => {
  const line = 'x'.repeat(600_000)
  const entries = Array.from({ length: 5 }, (_, tsMs) => ({ tsMs, tsNs: 0, line, metadata: [] }))
  const records = encodeRecords({ labels: [['a', 'b']], entries })
  expect(readAll(Buffer.concat(records)).map((record) => record.entries.map(({ tsMs }) => tsMs))).toEqual([
    [0, 1],
    [2, 3],
    [4],
  ])
})
