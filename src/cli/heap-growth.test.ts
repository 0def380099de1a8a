import { describe, expect, it } from 'vitest'
import { heapGrowingPercent } from './heap-growth.ts'

describe('how far the heap grows before it is looked through', () => {
  it.each([
    ['an empty one', 0, 100],
    ['a small one doubles', 30 << 20, 100],
    ['up to 64 MiB', 64 << 20, 100],
    ['a larger one grows to 128 MiB', 80 << 20, 60],
    ['but by 32 MiB at least', 100 << 20, 32],
    ['and a huge one by a fifth', 2 ** 31, 20],
  ])('%s', (_, liveBytes, percent) => {
    expect(heapGrowingPercent(liveBytes)).toBe(percent)
  })
})
