import { expect, test } from 'vitest'
import { Lru } from './lru.ts'

test('what grows makes the oldest go, itself where nothing else is left', () => {
  const cache = new Lru<string>(100)
  cache.set(1, 'a', 40)
  cache.set(2, 'b', 40)
  expect(cache.hasRoom(20)).toBe(true)
  expect(cache.hasRoom(21)).toBe(false)
  cache.get(1)
  cache.grow(1, 'a', 30)
  expect([cache.get(1), cache.get(2), cache.sizeBytes]).toEqual(['a', undefined, 70])
  cache.grow(1, 'a', 50)
  expect([cache.get(1), cache.sizeBytes]).toEqual([undefined, 0])
})

test('what is not kept does not grow', () => {
  const cache = new Lru<string>(100)
  cache.set(1, 'a', 10)
  cache.grow(2, 'b', 10)
  cache.grow(1, 'an earlier one', 10)
  expect(cache.sizeBytes).toBe(10)
})
