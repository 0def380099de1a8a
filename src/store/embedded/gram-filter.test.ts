import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildGramFilter, mayHold, predicateHashes } from './gram-filter.ts'

const contains = (...needles: (string | Uint8Array)[]) =>
  predicateHashes({ kind: 'contains', needles: needles.map((needle) => Buffer.from(needle)) })

describe('a gram filter', () => {
  test('never denies what is there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat({ max: 40 }), (lines, at, length) => {
        const from = at % (lines.length + 1)
        const needles = contains(lines.subarray(from, from + length))
        const filter = buildGramFilter(lines)
        if (needles !== undefined) expect(mayHold(filter, needles)).toBe(true)
      }),
    )
  })

  test('denies nearly all ids that are not there, in a few percent of the room', () => {
    const id = (n: number): string => `${Math.imul(n, 0x9e3779b1) >>> 0}`.padStart(10, '0') + String(n * 7919)
    const lines = Buffer.from(
      Array.from({ length: 4000 }, (_, n) => `{"msg":"done","request_id":"${id(n)}"}\n`).join(''),
    )
    const filter = buildGramFilter(lines).slice()
    expect(filter.length).toBeLessThan(lines.length / 8)
    let denied = 0
    for (let n = 10_000; n < 11_000; n++) {
      const needles = contains(`"request_id":"${id(n)}"`)
      if (needles !== undefined && !mayHold(filter, needles)) denied++
    }
    expect(denied).toBeGreaterThan(800)
  })

  test('says nothing of needles that are short or unwanted, and needs only one of several', () => {
    expect(contains('short')).toBeUndefined()
    expect(contains('a needle that is long enough', 'short')).toBeUndefined()
    expect(
      predicateHashes({ kind: 'lacks', needles: [Buffer.from('a needle that is long enough')] }),
    ).toBeUndefined()
    const needles = contains('a needle that is long enough', 'another one of these')
    const filter = buildGramFilter(Buffer.from('there is another one of these in here'))
    expect(needles !== undefined && mayHold(filter, needles)).toBe(true)
  })
})
