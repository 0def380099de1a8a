import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeLabels } from '#base/labels.ts'
import { encodeWriteRequest } from './remote-write-request.ts'
import { readWriteRequest } from './testing.ts'

test('a request, byte by byte', () => {
  const labels = makeLabels({ __name__: 'up', a: 'ä' })
  expect(encodeWriteRequest([{ labels, value: 1.5, timeMs: 300 }]).toString('hex')).toBe(
    '0a27' +
      '0a0e0a085f5f6e616d655f5f12027570' + // __name__="up"
      '0a070a016112' +
      '02c3a4' + // a="ä"
      '120c09000000000000f83f10ac02', // 1.5 at 300 ms
  )
})

test('a series that has ended has the bits that Prometheus looks for', () => {
  const bytes = encodeWriteRequest([{ labels: [['a', 'b']], value: 7, timeMs: 1, stale: true }])
  expect(bytes.toString('hex')).toContain('02000000 0000f07f'.replace(' ', ''))
})

test('whatever is written can be read', () => {
  const sample = fc.record({
    labels: fc
      .dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'grapheme' }))
      .map(makeLabels),
    value: fc.double(),
    timeMs: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  })
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const read = readWriteRequest(encodeWriteRequest(samples))
      expect(read).toEqual(samples.map((one) => ({ ...one, labels: Object.fromEntries(one.labels) })))
    }),
  )
})
