import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completionPlace } from './complete.ts'

/** `^` marks the cursor. */
function at(marked: string) {
  return completionPlace(marked.replace('^', ''), marked.indexOf('^'))
}

describe('completionPlace', () => {
  test.each([
    ['^', 'expression', 0],
    ['ra^', 'expression', 0],
    ['sum(ra^', 'expression', 4],
    ['{^', 'label-name', 1],
    ['{ser^', 'label-name', 1],
    ['{a="b", ^', 'label-name', 8],
    ['{a ^', 'matcher-op', 3],
    ['{a="b"} | ^', 'stage', 10],
    ['{a="b"} | js^', 'stage', 10],
    ['{a="b"} | json | a="x" and ^', 'field', 27],
    ['sum by (^', 'grouping', 8],
    ['sum by (a, le^', 'grouping', 11],
  ])('%s', (marked, kind, from) => {
    expect(at(marked)).toMatchObject({ kind, from })
  })

  test('values know their label, the rest of the selector, and the quote', () => {
    expect(at('{x="1", a="b^"}')).toEqual({
      kind: 'label-value',
      from: 11,
      label: 'a',
      selector: '{x="1"}',
      quoted: true,
    })
    expect(at('{a=^}')).toMatchObject({ kind: 'label-value', label: 'a', quoted: false, selector: '' })
    expect(at('{a="b"} | json | level="er^')).toMatchObject({
      kind: 'field-value',
      field: 'level',
      quoted: true,
    })
  })

  test.each(['{a="b"} |= "te^xt"', '{a="b"} ^', '{a="b"} |= "x" ^'])('%s completes nothing', (marked) => {
    expect(at(marked)).toBeNull()
  })

  test('never throws, and never replaces what follows the cursor', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (query, n) => {
        const cursor = n % (query.length + 1)
        expect(completionPlace(query, cursor)?.from ?? 0).toBeLessThanOrEqual(cursor)
      }),
    )
  })
})
