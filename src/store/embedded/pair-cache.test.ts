import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { ByteWriter, FormatError, writePairs } from './bytes.ts'
import { PairCache } from './pair-cache.ts'

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', 'x'.repeat(127), 'x'.repeat(128), 'é', '日本'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).filter((value) => value.isWellFormed()),
)

test('label sets are read as they were written, whatever was read before', () => {
  const sets = fc.array(fc.dictionary(text, text, { maxKeys: 4 }), { maxLength: 60 })
  fc.assert(
    fc.property(sets, (records) => {
      const cache = new PairCache()
      for (const record of [...records, ...records]) {
        const labels = makeLabels(record)
        const writer = new ByteWriter()
        writer.byte(7)
        writePairs(writer, labels)
        expect(cache.read(writer.view(), 1, (pair) => pair)).toEqual(labels)
      }
    }),
    { numRuns: 300 },
  )
})

test('arbitrary bytes give labels or a FormatError', () => {
  const cache = new PairCache()
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        cache.read(bytes, 0, (pair) => pair)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(FormatError)
      }
    }),
  )
})
