import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseMerge } from './compaction-plan.ts'

const limits = { maxBytes: 1000, maxInputs: 16 }

/** Sizes as segments; negative ones are damaged. */
function choose(sizes: readonly number[], isOver: boolean): number[] | undefined {
  const segments = sizes.map((size) => ({
    sizeBytes: Math.abs(size),
    corruptBlocks: new Set(size < 0 ? [0] : []),
  }))
  return chooseMerge(segments, isOver, limits)?.map(({ sizeBytes }) => sizeBytes)
}

test.each<[what: string, sizes: number[], isOver: boolean, chosen: number[] | undefined]>([
  ['few small ones wait while the day grows', [10, 10, 10], false, undefined],
  ['four are enough', [10, 10, 10, 10], false, [10, 10, 10, 10]],
  ['two are, once the day is over', [10, 10], true, [10, 10]],
  ['a large one is not rewritten for a small one', [500, 10], true, undefined],
  ['the small ones behind it are merged', [500, 10, 10], true, [10, 10]],
  ['nothing grows beyond the limit', [600, 600], true, undefined],
  ['damaged ones stay, and part their neighbours', [10, -10, 10, 10], true, [10, 10]],
])('%s', (_, sizes, isOver, chosen) => {
  expect(choose(sizes, isOver)).toEqual(chosen)
})

test('merging ends, and rewrites each byte a few times only, however small the pieces are', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 150 })
  const check = (pieces: number[]): void => {
    let segments: { sizeBytes: number; corruptBlocks: Set<number> }[] = []
    let written = 0
    const merge = (isOver: boolean): void => {
      for (;;) {
        const chosen = chooseMerge(segments, isOver, limits)
        if (chosen === undefined) return
        const sizeBytes = chosen.reduce((sum, each) => sum + each.sizeBytes, 0)
        const at = segments.indexOf(chosen[0])
        segments = segments.toSpliced(at, chosen.length, { sizeBytes, corruptBlocks: new Set() })
        written += sizeBytes
      }
    }
    for (const sizeBytes of pieces) {
      segments = [...segments, { sizeBytes, corruptBlocks: new Set() }]
      merge(false)
    }
    merge(true)
    const total = pieces.reduce((sum, size) => sum + size, 0)
    expect(segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(total)
    expect(written).toBeLessThanOrEqual(total * 8)
    expect(segments.every(({ sizeBytes }) => sizeBytes <= limits.maxBytes)).toBe(true)
  }
  fc.assert(fc.property(sizes, check), { numRuns: 100 })
})
