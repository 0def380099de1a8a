import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FormatError } from './bytes.ts'
import { decodeIndex, encodeIndex, type IndexedTenant } from './segment-index.ts'
import { StreamIds } from './stream-ids.ts'

const pairs = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 })
const properties = fc.record({
  ...{ tenant: fc.string(), day: fc.string(), writer: fc.string() },
  ...{ walFrom: fc.nat(), walTo: fc.nat(), rows: fc.nat(), lineBytes: fc.nat() },
  ...{ minMs: fc.integer(), maxMs: fc.integer(), createdMs: fc.nat() },
})
const stream = fc.record({
  labels: pairs,
  newestMs: fc.oneof(fc.integer(), fc.constant(-Infinity)),
  newestNs: fc.nat({ max: 999_999 }),
})
const segment = fc.record({
  ...{ name: fc.string(), sizeBytes: fc.maxSafeNat(), mtimeMs: fc.double({ noNaN: true }), properties },
  trailer: fc.uint8Array({ minLength: 96, maxLength: 96 }),
})
const tenants: fc.Arbitrary<IndexedTenant[]> = fc.array(
  fc
    .record({
      tenant: fc.string(),
      streams: fc.array(stream, { minLength: 3, maxLength: 6 }),
      segments: fc.array(segment, { maxLength: 4 }),
    })
    .map((each) => ({
      ...each,
      segments: each.segments.map((of, i) => ({
        ...of,
        streamRuns: i === 0 ? [] : [2, 1, 0, i === 1 ? 2 : 1],
      })),
    })),
  { maxLength: 3 },
)

test('comes back as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(tenants, async (written) => {
      expect(decodeIndex(await encodeIndex(written))).toEqual(written)
    }),
  )
})

test('is refused where any byte is another one, or missing', async () => {
  const written = (fc.sample(tenants, { seed: 1, numRuns: 20 }) as IndexedTenant[][]).find(
    (each) => each.length === 3,
  )
  const bytes = await encodeIndex(written ?? [])
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice()
    changed[at] ^= 1
    expect(() => decodeIndex(changed)).toThrow(FormatError)
    expect(() => decodeIndex(bytes.subarray(0, at))).toThrow(FormatError)
  }
  fc.assert(
    fc.property(fc.uint8Array(), (any) => {
      expect(() => decodeIndex(any)).toThrow(FormatError)
    }),
  )
})

test('stream ids tell the number of each, whatever their order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 60 })), (ids) => {
      const found = StreamIds.of(ids)
      expect([...found]).toEqual(ids)
      expect(found.size).toBe(ids.length)
      for (let id = 0; id <= 61; id++) expect(found.numberOf(id)).toBe(ids.indexOf(id))
    }),
  )
})
