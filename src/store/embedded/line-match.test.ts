import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LinePredicate, Lines } from '../types.ts'
import { matchLines, mayContain } from './line-match.ts'

/** Lines in one piece of memory, with `gap` bytes between them. */
function layOut(texts: readonly string[], gap: string): Lines {
  const lineFrom = new Uint32Array(texts.length)
  const lineTo = new Uint32Array(texts.length)
  let all = ''
  texts.forEach((text, i) => {
    lineFrom[i] = all.length
    all += text
    lineTo[i] = all.length
    all += gap
  })
  return { bytes: Buffer.from(all, 'latin1'), lineFrom, lineTo }
}

const text = (maxLength: number) =>
  fc.array(fc.constantFrom('a', 'b', 'c', '\n'), { maxLength }).map((letters) => letters.join(''))
const needle = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
const predicates = fc.array(
  fc.record({
    kind: fc.constantFrom<('contains' | 'lacks')[]>('contains', 'lacks'),
    needles: fc.array(
      needle.map((letters) => Buffer.from(letters.join(''))),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 3 },
)

function meets(line: string, { kind, needles }: LinePredicate): boolean {
  return needles.some((each) => line.includes(each.toString())) === (kind === 'contains')
}

describe('matching lines', () => {
  test('keeps the positions whose lines meet all predicates, wherever lines begin and end', () => {
    const cases = fc.record({
      texts: fc.array(text(12), { maxLength: 30 }),
      gap: fc.constantFrom('', 'abcabc'),
      chosen: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      predicates,
      seenBefore: fc.boolean(),
    })
    fc.assert(
      fc.property(cases, ({ texts, gap, chosen, predicates, seenBefore }) => {
        const lines = layOut(texts, gap)
        const positions = Uint32Array.from(texts.keys()).filter((i) => chosen[i])
        if (seenBefore) for (const each of predicates) mayContain(lines.bytes, each)
        const expected = [...positions].filter((i) => predicates.every((each) => meets(texts[i], each)))
        expect([...matchLines(lines, positions, predicates)]).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('takes lines in any order, and few lines of much memory', () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `a line with number ${i} in it`)
    const lines = layOut(texts, '')
    const seven: LinePredicate = { kind: 'contains', needles: [Buffer.from('7 in')] }
    for (const step of [1, 2, 500]) {
      const positions = Uint32Array.from(texts.keys().filter((i) => i % step === 0)).reverse()
      const expected = [...positions].filter((i) => i % 10 === 7)
      expect([...matchLines(lines, positions, [seven])]).toEqual(expected)
    }
  })

  test('sees lines that were added to the same memory later', () => {
    const page = layOut(['first one', 'second one'], '')
    const one: LinePredicate = { kind: 'contains', needles: [Buffer.from('third')] }
    expect([...matchLines(page, Uint32Array.of(0, 1), [one])]).toEqual([])
    page.bytes.set(Buffer.from('the third '), page.lineFrom[1])
    expect([...matchLines(page, Uint32Array.of(0, 1), [one])]).toEqual([1])
  })
})

describe('whether a block may hold a line', () => {
  const block = Buffer.from('{"msg":"done"}{"msg":"failed"}')

  test.each<[LinePredicate['kind'], string[], boolean]>([
    ['contains', ['failed'], true],
    ['contains', ['absent', 'done'], true],
    ['contains', ['absent', 'away'], false],
    ['contains', ['}{'], true],
    ['lacks', ['msg'], true],
  ])('%s %j: %s', (kind, needles, expected) => {
    const predicate = { kind, needles: needles.map((each) => Buffer.from(each)) }
    expect(mayContain(block, predicate)).toBe(expected)
    expect(mayContain(new Uint8Array(0), { kind: 'contains', needles: [Buffer.from('a')] })).toBe(false)
  })
})
