import { expect, test } from 'vitest'
import { parseFrame } from './tail.ts'

const frame = {
  streams: [
    { stream: { app: 'b' }, values: [['1700000000000000002', 'two', { structuredMetadata: { m: '1' } }]] },
    { stream: { app: 'a' }, values: [['1700000000000000001', 'one', { parsed: { p: '2' } }]] },
  ],
  dropped_entries: [{ timestamp: '1700000000000000000', labels: {} }],
  encodingFlags: ['categorize-labels'],
}

test('a frame holds rows as a query has them, oldest first, and how many were left out', () => {
  const chunk = parseFrame(JSON.stringify(frame))
  expect(chunk?.rows.map(({ line, metadata, parsed }) => [line, metadata, parsed])).toEqual([
    ['one', {}, { p: '2' }],
    ['two', { m: '1' }, {}],
  ])
  expect(chunk?.dropped).toBe(1)
})

test.each([
  ['labels that are not kept apart', JSON.stringify({ ...frame, encodingFlags: undefined })],
  ['no JSON', '{"streams":['],
  ['something else', '{"a":1}'],
])('%s: of no use', (_, text) => {
  expect(parseFrame(text)).toBeNull()
})
