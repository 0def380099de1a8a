import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepEqual } from './deep-equal.ts'

describe('deepEqual', () => {
  const f = (): void => undefined
  test.each<[unknown, unknown, boolean]>([
    [1, 1, true],
    [Number.NaN, Number.NaN, true],
    [1, '1', false],
    [null, undefined, false],
    [[1, [2]], [1, [2]], true],
    [[1], [1, undefined], false],
    [{ a: 1 }, { a: 1 }, true],
    [{ a: undefined }, { b: undefined }, false],
    [{ toString: 1 }, {}, false],
    [new Map([['a', [1]]]), new Map([['a', [1]]]), true],
    [new Map([['a', 1]]), new Map([['b', 1]]), false],
    [{ push: f }, { push: f }, true],
    [{ push: f }, { push: () => undefined }, false],
    [new Date(0), new Date(0), false],
    [[], {}, false],
  ])('%j and %j', (a, b, expected) => {
    expect(deepEqual(a, b)).toBe(expected)
    expect(deepEqual(b, a)).toBe(expected)
  })

  test('agrees with JSON on plain data', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
        expect(deepEqual(a, structuredClone(a))).toBe(true)
        if (deepEqual(a, b)) expect(b).toEqual(a)
      }),
    )
  })
})
