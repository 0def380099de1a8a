import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { Catalog } from './catalog.ts'
import { encodeStreams, streamOffsets } from './segment-format.ts'

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'app', 'x'.repeat(127), 'x'.repeat(128), 'é', '日本'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).filter((value) => value.isWellFormed()),
)
const labelSet = fc.dictionary(text, text, { maxKeys: 4 }).map((record) => makeLabels(record))
const list = fc.array(labelSet, { maxLength: 40 })

test('streams that segments list are one object each, however often they are listed', () => {
  fc.assert(
    fc.property(list, list, list, (first, second, kept) => {
      const catalog = new Catalog()
      const listed = (sets: typeof first) => {
        const part = encodeStreams(sets)
        return catalog.listed('t', part, streamOffsets(part))
      }
      for (const sets of [first, second, [...second, ...first], first]) {
        const streams = listed(sets)
        expect(streams.map(({ labels }) => labels)).toEqual(sets)
        expect(streams).toEqual(sets.map((labels) => catalog.stream('t', labels)))
        for (const [i, stream] of streams.entries()) expect(stream).toBe(catalog.stream('t', sets[i]))
      }
      // What was forgotten is not found by its bytes either.
      const before = listed(first)
      const keep = new Set(listed(kept))
      catalog.retain(keep)
      for (const [i, stream] of listed(first).entries())
        expect(stream === before[i]).toBe(keep.has(before[i]))
    }),
    { numRuns: 200 },
  )
})
