import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConfigFile } from './ast.ts'
import { parseConfig } from './parser.ts'
import { printConfig } from './printer.ts'

const format = (text: string): string => printConfig(parseConfig('f', text))

/** The tree without places and without what printing may change. */
function meaning(file: ConfigFile): unknown {
  const skip = ['start', 'end', 'open', 'nameEnd', 'operatorAt', 'labelText']
  return JSON.parse(JSON.stringify(file.body, (key, value) => (skip.includes(key) ? undefined : value)))
}

const commentsOf = (file: ConfigFile): string[] => file.comments.map((comment) => comment.text)

describe('layout', () => {
  test.each([
    ['', ''],
    ['\n\n// only\n\n\n', '// only\n'],
    ['a=1', 'a = 1\n'],
    ['a = 1\nlong = 2\n\n\n\nb = 3', 'a    = 1\nlong = 2\n\nb = 3\n'],
    ['a "b" {\n\n x = 1 }', 'a "b" {\n\tx = 1\n}\n'],
    ['a {}', 'a { }\n'],
    ['a {\n// c\n}', 'a {\n\t// c\n}\n'],
    ['a { // c\n x = 1\n}', 'a { // c\n\tx = 1\n}\n'],
    ['a {\nx=1\nb {}\nc {}\nyy=2\nz=3\n}', 'a {\n\tx = 1\n\n\tb { }\n\n\tc { }\n\tyy = 2\n\tz  = 3\n}\n'],
    ['x = [1,\n 2]', 'x = [1,\n\t2]\n'],
    ['x = [\n1,2,\n3,\n]', 'x = [\n\t1, 2,\n\t3,\n]\n'],
    ['a { /* c */ }', 'a { /* c */ }\n'],
    ['x = [0, {\na=1,\n}, f({\nb=1,\n})]', 'x = [0, {\n\ta = 1,\n}, f({\n\tb = 1,\n})]\n'],
    ['x = f(1,\n2, 3)', 'x = f(1,\n\t2, 3)\n'],
    ['x = [1, 2,]', 'x = [1, 2]\n'],
    ['x = { a = 1, "b" = 2 }', 'x = {a = 1, "b" = 2}\n'],
    [
      'x = {\na = 1,\nlong = [\n1,\n],\nb = 2,\n}',
      'x = {\n\ta    = 1,\n\tlong = [\n\t\t1,\n\t],\n\tb = 2,\n}\n',
    ],
    ['a = 1\nlong = [\n1,\n]\nbb = 2', 'a    = 1\nlong = [\n\t1,\n]\nbb = 2\n'],
    ['x = 1 +\n2', 'x = 1 +\n\t2\n'],
    ['x = a . b [ 1 ] ( 2 , )', 'x = a.b[1](2)\n'],
    ['x = - 1 ^ ( 2 )', 'x = -1 ^ (2)\n'],
    ['x = 1 // one\nyy = 2 // two', 'x  = 1 // one\nyy = 2 // two\n'],
    ['x = [ // why\n1, // one\n// own\n2,\n]', 'x = [ // why\n\t1, // one\n\t// own\n\t2,\n]\n'],
    ['x = 1\n// above\n\n// apart\ny {}', 'x = 1\n\n// above\n\n// apart\ny { }\n'],
    ['/* a */ x = /* b */ 1 /* c */', '/* a */ x = /* b */ 1 /* c */\n'],
    ['x = `a\n  b`\nyy = 1', 'x = `a\n  b`\nyy = 1\n'],
    ['a "" { }', 'a { }\n'],
  ])('%j', (text, expected) => {
    expect(format(text)).toBe(expected)
    expect(format(expected)).toBe(expected)
  })
})

describe('any configuration', () => {
  const name = fc.constantFrom('a', 'bb', 'long_name', 'größe')
  const gap = fc.constantFrom('', ' ', '\t', ' /* c */ ')
  const freeGap = fc.oneof(gap, fc.constantFrom('\n', '\n\n\n', ' // c\n', '\n/* x\ny */\n'))
  const glue = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((texts) => texts.join(''))
  const just = fc.constant<string>
  const separated = (item: fc.Arbitrary<string>, open: string, close: string): fc.Arbitrary<string> =>
    fc
      .tuple(fc.array(glue(freeGap, item, gap), { maxLength: 3 }), freeGap)
      .map(([items, end]) => `${open}${items.map((text) => `${text},`).join('')}${end}${close}`)
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('1', '"s"', '`raw`', '`r\naw`', 'true', 'null', 'a.b', '1.5'),
      separated(tie('expression'), '[', ']'),
      separated(glue(name, gap, just('='), freeGap, tie('expression')), '{', '}'),
      glue(just('f'), separated(tie('expression'), '(', ')')),
      glue(just('('), freeGap, tie('expression'), gap, just(')')),
      glue(tie('expression'), gap, fc.constantFrom('+', '==', '&&', '^'), freeGap, tie('expression')),
      glue(fc.constantFrom('!', '-'), tie('expression')),
      glue(just('x['), freeGap, tie('expression'), gap, just('].y')),
    ),
  }))
  const end = fc.constantFrom('\n', '\n\n\n', ' // c\n', '\n// own\n', ' /* m\nl */\n')
  const { body } = fc.letrec<{ body: string; statement: string }>((tie) => ({
    body: fc.array(tie('statement'), { maxLength: 4 }).map((items) => items.join('')),
    statement: fc.oneof(
      { maxDepth: 3 },
      glue(name, gap, just('='), freeGap, expression, end),
      glue(name, just(' "l" {'), end, tie('body'), just('}'), end),
      glue(name, just('{}'), end),
    ),
  }))

  test('is printed with the same meaning and comments, and prints the same again', () => {
    fc.assert(
      fc.property(body, (text) => {
        const before = parseConfig('f', text)
        const printed = printConfig(before)
        const after = parseConfig('f', printed)
        expect(meaning(after)).toEqual(meaning(before))
        expect(commentsOf(after)).toEqual(commentsOf(before))
        expect(printConfig(after)).toBe(printed)
      }),
      { numRuns: 1000 },
    )
  })
})
