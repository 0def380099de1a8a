import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { parsePattern } from './parse.ts'
import { compileRegex, expandTemplate } from './regex.ts'

/** What the reference engine finds: the whole match and the groups. */
function reference(source: string, text: string): (string | undefined)[] | undefined {
  const compiled = RE2JS.compile(source)
  const matcher = compiled.matcher(text)
  if (!matcher.find()) return undefined
  return Array.from({ length: compiled.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined)
}

describe('RE2 syntax', () => {
  test.each([
    ['(?i)error.*TIMEOUT', 'Error: connection timeout', true],
    ['(?i)k', '\u212a', true],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['^b', 'a\nb', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['\\Qa.b\\E+', 'a.bbb', true],
    ['[[:alpha:]]+\\d', 'abc1', true],
    ['[^a]', '\u{1f600}', true],
    ['^.$', '\u{1f600}', true],
    ['\\s', '\u00a0', false],
    ['\\v', '\v', true],
    ['\\x{1F600}', '\u{1f600}', true],
    ['\\pL+', 'é', true],
    ['a\\z', 'a\n', false],
    ['[]a]', ']', true],
    ['x{2,3}', 'xxxx', true],
    ['a{,2}', 'a{,2}', true],
    ['(?U)a+', 'aaa', true],
  ])('%s on %j is %s', (source, text, expected) => expect(compileRegex(source).test(text)).toBe(expected))

  test.each([
    ['[', 'error parsing regexp: missing closing ]: `[`'],
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
  ])('refuses %s', (source, message) => {
    expect(() => compileRegex(source)).toThrow(message)
    expect(() => compileRegex(source, { anchored: true, dotAll: true })).toThrow(message)
  })

  test('anchors the whole alternation', () => {
    const regex = compileRegex('a|b', { anchored: true })
    expect(['a', 'b', 'ab', 'xa'].map((text) => regex.test(text))).toEqual([true, true, false, false])
  })

  test.each([
    [
      '(a+)|(b)',
      'x\u{1f600}aab',
      [
        [3, 5, 3, 5, -1, -1],
        [5, 6, -1, -1, 5, 6],
      ],
    ],
    ['(?i)key=([a-z]{20,30})', 'KEY=abc', []],
    [
      'k=(\\w*)',
      'k= k=v',
      [
        [0, 2, 2, 2],
        [3, 6, 5, 6],
      ],
    ],
  ])('%s has its spans in %j', (source, text, expected) => {
    expect(compileRegex(source).spans(text)).toEqual(expected)
  })

  test('names groups', () => {
    const regex = compileRegex('(?P<method>\\w+) (\\S+) (?<rest>.*)')
    expect(regex.groupNames).toEqual(['', 'method', '', 'rest'])
    expect(regex.exec('GET /x y z')).toEqual(expect.arrayContaining(['GET /x y z', 'GET', '/x', 'y z']))
  })
})

describe('replaceAll', () => {
  test.each([
    ['(in)(voice)', 'invoice sent', `\${2}-$1`, 'voice-in sent'],
    ['(in)(voice)', 'invoice sent', '$2_$1', 'in sent'],
    ['x*', 'abc', '-', '-a-b-c-'],
    ['[aeiou]', 'invoice', '*', '*nv**c*'],
    ['a', 'banana', '$$', 'b$n$n$'],
  ])('%s', (source, text, template, expected) => {
    expect(compileRegex(source).replaceAll(text, template)).toBe(expected)
  })

  test('expandTemplate takes unknown groups for empty', () => {
    expect(expandTemplate(`$1x|\${1}x|$name|$$`, ['ab', 'b'], ['', 'name'])).toBe('|bx|b|$')
  })
})

describe('required literals', () => {
  test.each([
    ['error.*timeout', ['timeout']],
    ['foo|bar', ['foo', 'bar']],
    ['(status)=\\d+', ['status']],
    ['(?i)error', undefined],
    ['a*', undefined],
    ['foo|.*', undefined],
    ['(?:abc)+x', ['abc']],
  ])('%s', (source, literals) => expect(compileRegex(source).requiredLiterals).toEqual(literals))
})

describe('hostile patterns', () => {
  test.each(['(a+)+$', '(a|a)*$', '(a*)*b', '(?:a{1,16}){1,16}$', '(.*)(.*)(.*)(.*)x$', 'a{50}.*a{50}$'])(
    '%s is linear on a long line',
    (source) => {
      const regex = compileRegex(source)
      expect(regex.test(`${'a'.repeat(5000)}!`)).toBe(reference(source, `${'a'.repeat(5000)}!`) !== undefined)
    },
  )
})

describe('against the reference engine', () => {
  const atom = fc.constantFrom(
    ...[
      'a',
      'b',
      'k',
      'S',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '\\S',
      '\\W',
      '[ab]',
      '[^a]',
      '[a-k0-9]',
      '[[:upper:]]',
      '\\b',
      '^',
      '$',
    ],
    ...['é', '\u{1f600}', '\\x41', '\\.', '(?i:ak)', '(?s:.)', '\\Qa+\\E', '(?m:^)', '\\z', '[^\\n]', '\\t'],
  )
  const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
    piece: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      atom,
      fc
        .tuple(atom, fc.constantFrom('*', '+', '?', '*?', '+?', '{2}', '{1,3}'))
        .map(([a, q]) => (/^[\^$]|^\\[bz]|^\(\?m/.test(a) ? a : a + q)),
      tie('pattern').map((p) => `(${p})`),
      fc.tuple(tie('pattern'), fc.constantFrom('', '*', '+', '?')).map(([p, q]) => `(?:${p})${q}`),
    ),
    pattern: fc.oneof(
      fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
      fc.tuple(tie('piece'), tie('piece')).map(([a, b]) => `${a}|${b}`),
    ),
  }))
  const text = fc
    .array(
      fc.constantFrom(
        'a',
        'b',
        'k',
        'K',
        'S',
        's',
        'A',
        '1',
        ' ',
        '\n',
        '.',
        'é',
        '\u{1f600}',
        '\u212a',
        '+',
        '\t',
      ),
      { maxLength: 12 },
    )
    .map((chars) => chars.join(''))

  test('matches and captures are the same', () => {
    fc.assert(
      fc.property(pattern, text, (source, input) => {
        let expected: ReturnType<typeof reference>
        try {
          expected = reference(source, input)
        } catch {
          expect(() => compileRegex(source)).toThrow('error parsing regexp')
          return
        }
        const regex = compileRegex(source)
        expect(regex.test(input)).toBe(expected !== undefined)
        const found = regex.exec(input)
        expect(found === undefined ? undefined : [...found]).toEqual(expected)
        const { requiredLiterals } = regex
        if (expected !== undefined && requiredLiterals !== undefined) {
          expect(requiredLiterals.some((literal) => input.includes(literal))).toBe(true)
        }
      }),
      { numRuns: 600 },
    )
  })

  test('any text is compiled or refused in RE2 words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (source) => {
        try {
          compileRegex(source)
          parsePattern(source)
        } catch (thrown) {
          expect(String(thrown)).toContain('error parsing regexp')
        }
      }),
    )
  })
})
