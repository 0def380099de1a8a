import { expect, test } from 'vitest'
import { readHistory, remember, togglePin } from './query-history.ts'

test('the latest first, once each, pinned ones at the top and kept', () => {
  let entries = remember(remember(remember([], 'a', 1), 'b', 2), 'a', 3)
  expect(entries.map((entry) => entry.query)).toEqual(['a', 'b'])
  entries = togglePin(entries, 'b')
  for (let i = 0; i < 200; i++) entries = remember(entries, `q${i}`, 10 + i)
  expect(entries[0]).toMatchObject({ query: 'b', pinned: true })
  expect(entries).toHaveLength(101)
  expect(remember(entries, '  ', 999)).toEqual(entries)
})

test.each([null, '', '{', '[1,{"query":"x"}]', '{"a":1}'])('stored %s is no history', (text) => {
  expect(readHistory(text)).toEqual([])
})
