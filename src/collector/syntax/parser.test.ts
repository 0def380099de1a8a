import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expression, Statement } from './ast.ts'
import { DiagnosticsError, diagnosticLine } from './diagnostic.ts'
import { parseConfig } from './parser.ts'

/** An expression with every operation in parentheses, to show how it groups. */
function show(node: Expression): string {
  switch (node.kind) {
    case 'identifier':
      return node.name
    case 'literal':
      return node.text
    case 'array':
      return `[${node.elements.map(show).join(' ')}]`
    case 'object':
      return `{${node.fields.map((field) => `${field.key}=${show(field.value)}`).join(' ')}}`
    case 'access':
      return `${show(node.target)}.${node.name.name}`
    case 'index':
      return `${show(node.target)}[${show(node.index)}]`
    case 'call':
      return `${show(node.target)}(${node.args.map(show).join(' ')})`
    case 'unary':
      return `(${node.operator}${show(node.operand)})`
    case 'binary':
      return `(${show(node.left)} ${node.operator} ${show(node.right)})`
    case 'paren':
      return show(node.inner)
  }
}

function parseExpression(text: string): Expression {
  const [statement] = parseConfig('f', `x = ${text}`).body
  if (statement.kind !== 'attribute') throw new Error('no attribute')
  return statement.value
}

function showBody(body: readonly Statement[]): string {
  return body
    .map((item) =>
      item.kind === 'attribute'
        ? `${item.name.name} = ${show(item.value)}`
        : `${item.name}${item.label === undefined ? '' : ` ${item.label}`} { ${showBody(item.body)} }`,
    )
    .join('; ')
}

function errorsOf(text: string): string[] {
  try {
    parseConfig('f', text)
    return []
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticsError)) throw thrown
    return thrown.diagnostics.map(diagnosticLine)
  }
}

describe('expressions', () => {
  test.each([
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['1 - 2 - 3', '((1 - 2) - 3)'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['-2 ^ 2', '((-2) ^ 2)'],
    ['!a && b || c == d', '(((!a) && b) || (c == d))'],
    ['a < b == c', '((a < b) == c)'],
    ['a.b["c"].d(1, [2,])[0]', 'a.b["c"].d(1 [2])[0]'],
    ['{ a = 1, "b c" = `x`, "" = {}, }', '{a=1 b c=`x` ""={}}'],
    ['(1 +\n 2)', '(1 + 2)'],
    ['[\n1,\n2,\n]', '[1 2]'],
    ['[1, /* two */ 2 // three\n, 3]', undefined],
    ['- - 1', '(-(-1))'],
    ['.5e3', '.5e3'],
  ])('%s', (text, expected) => {
    if (expected === undefined) expect(() => parseExpression(text)).toThrow(DiagnosticsError)
    else expect(show(parseExpression(text))).toBe(expected)
  })
})

describe('files', () => {
  test.each([
    ['', ''],
    ['\uFEFFa = 1', 'a = 1'],
    ['a = 1\r\nb = 2\r\n', 'a = 1; b = 2'],
    ['a.b.c "d" { }', 'a.b.c d {  }'],
    ['a "" {}', 'a {  }'],
    ['foo { a = 1 }', 'foo { a = 1 }'],
    ['foo {\n  a = 1\n  bar "x" {\n  }\n}\n', 'foo { a = 1; bar x {  } }'],
    ['a = [ // why\n 1,\n]', 'a = [1]'],
    ['größe_1 = `\n"raw"`', 'größe_1 = `\n"raw"`'],
    ['a = 1 /* one\n two */ b = 2', 'a = 1; b = 2'],
  ])('%j', (text, expected) => {
    expect(showBody(parseConfig('f', text).body)).toBe(expected)
  })
})

describe('errors', () => {
  test.each<[string, ...string[]]>([
    ['a = 1 b = 2', 'f:1:7: expected TERMINATOR, got b'],
    ['a = [1\n]', "f:1:7: missing ',' in expression list"],
    ['a = { b = 1\n}', "f:1:12: missing ',' in field list"],
    ['a = f(1\n)', "f:1:8: missing ',' in expression list"],
    ['a = (1\n)', 'f:1:7: expected ), got newline'],
    ['a = 1\n+ 2', 'f:2:1: expected IDENTIFIER, got +'],
    ['a.b = 1', 'f:1:1: attribute names may only consist of a single identifier with no "."'],
    ['a "b" = 1', 'f:1:3: attribute names may not have labels'],
    ['a `b` { }', 'f:1:3: expected block label to be a double quoted string'],
    ['a "b-c" { }', 'f:1:3: expected block label to be a valid identifier, but got "b-c"'],
    ['a = b { }', 'f:1:5: cannot use a block as an expression'],
    ['a { b = 1, }', 'f:1:10: expected TERMINATOR, got ,'],
    ['# comment', "f:1:1: illegal character U+0023 '#'"],
    ["a = 'x'", 'f:1:5: illegal single-quoted string; use double quotes'],
    ['a = b | c', 'f:1:7: missing second | in ||'],
    ['a = b & c', 'f:1:7: missing second & in &&'],
    ['a = "x', 'f:1:5: string literal not terminated'],
    ['a = `x', 'f:1:5: raw string literal not terminated'],
    ['a = 1 /* x', 'f:1:7: block comment not terminated'],
    ['a = "\\\'"', 'f:1:5: unknown escape sequence'],
    ['a = "\\400"', 'f:1:5: octal escape is greater than 255'],
    ['a = "\\ud800"', 'f:1:5: escape sequence is invalid Unicode code point'],
    ['a = "\\x0"', 'f:1:5: illegal character in escape sequence'],
    ['a = 1e', 'f:1:5: exponent has no digits'],
    ['a {', 'f:1:4: expected }, got EOF'],
    ['}', 'f:1:1: expected IDENTIFIER, got }'],
    ['ä = "ö" 1', 'f:1:11: expected TERMINATOR, got 1'],
    [
      'a = [1\n]\nb = 2\nc = [\n1 2]\nd { e 1\n f = 2 }\ng = @',
      ...[
        "f:1:7: missing ',' in expression list",
        "f:5:3: missing ',' in expression list",
        'f:6:7: expected attribute assignment or block body, got 1',
        "f:8:5: illegal character U+0040 '@'",
      ],
    ],
  ])('%j', (text, ...expected) => {
    expect(errorsOf(text)).toEqual(expected)
  })
})

describe('arbitrary input', () => {
  const words = [
    'a',
    '.',
    '"l"',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '=',
    ',',
    '\n',
    ' ',
    '1',
    '-',
    '^',
    '`r`',
    '//',
    '/*',
  ]
  const soup = fc.array(fc.constantFrom(...words, '*/', '"', '||', 'true', '&', '\\', '\0'), {
    maxLength: 60,
  })

  test('only ever fails with diagnostics that have a place', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      soup.map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (input) => {
        const errors = errorsOf(input)
        expect(errors.every((line) => /^f:\d+:\d+: /.test(line))).toBe(true)
        const lines = errors.map((line) => line.split(':')[1])
        expect(new Set(lines).size).toBe(lines.length)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['(', '[', 'a {', '!', '-', 'a(', '{a='])(
    'deep nesting of %s is an error, not a crash',
    (open) => {
      const text = open === 'a {' ? 'a {\n'.repeat(20_000) : `x = ${open.repeat(20_000)}`
      expect(errorsOf(text).length).toBeGreaterThan(0)
    },
  )

  test('a long chain of operators is an error, not a crash', () => {
    expect(errorsOf(`x = 1${' + 1'.repeat(20_000)}`)).toEqual([expect.stringContaining('operators in a row')])
    expect(errorsOf(`x = a${'.b'.repeat(20_000)}`)).toEqual([expect.stringContaining('operators in a row')])
  })
})
