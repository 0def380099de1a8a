import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogqlError } from '../error.ts'
import { parseExpr, parseSelector } from './parser.ts'
import { printExpr } from './printer.ts'

const X = '{job="x"}'
const SELECTS_ALL =
  'parse error : queries require at least one regexp or equality matcher that does not have an ' +
  'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'

function message(query: string): string {
  try {
    parseExpr(query)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(LogqlError)
    return (thrown as LogqlError).message
  }
  return 'no error'
}

describe('errors of form and meaning', () => {
  test.each([
    ['', 'parse error : syntax error: unexpected $end'],
    ['{}', SELECTS_ALL],
    ['{job=~".*"}', SELECTS_ALL],
    ['sum(1)', SELECTS_ALL],
    ['rate({}[5m])', SELECTS_ALL],
    ['{', 'parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }'],
    ['{job}', 'parse error at line 1, col 5: syntax error: unexpected }, expecting = or =~ or !~ or !='],
    ['{job=x}', 'parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING'],
    ['{job="x"', 'parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,'],
    ['{job="x}', 'parse error at line 1, col 6: literal not terminated'],
    ['{job="x",}', 'parse error at line 1, col 10: syntax error: unexpected }, expecting IDENTIFIER'],
    [
      '{job=="x"}',
      'parse error at line 0, col 5: syntax error: unexpected ==, expecting = or =~ or !~ or !=',
    ],
    ['{job=~"["}', 'parse error : error parsing regexp: missing closing ]: `[`'],
    ['{json="x"}', 'parse error at line 1, col 2: syntax error: unexpected json, expecting IDENTIFIER or }'],
    ['{a.b="x"}', 'parse error at line 1, col 3: syntax error: unexpected ., expecting = or =~ or !~ or !='],
    ['foo', 'parse error at line 1, col 1: syntax error: unexpected IDENTIFIER'],
    [
      `${X} |= foo`,
      'parse error at line 1, col 14: syntax error: unexpected IDENTIFIER, expecting STRING or ip',
    ],
    [`${X} |= "a" and "b"`, 'parse error at line 1, col 22: syntax error: unexpected STRING'],
    [
      `${X} |= ("a" or "b")`,
      'parse error at line 1, col 14: syntax error: unexpected (, expecting STRING or ip',
    ],
    [`${X} |~ "\\d"`, 'parse error at line 1, col 14: invalid char escape'],
    [`${X} |`, 'parse error at line 1, col 12: syntax error: unexpected $end'],
    [`${X} | foo`, 'parse error at line 1, col 16: syntax error: unexpected $end'],
    [`${X} | foo == "a"`, 'parse error at line 1, col 20: syntax error: unexpected STRING'],
    [
      `${X} | foo > 5 and`,
      'parse error at line 1, col 24: syntax error: unexpected $end, expecting IDENTIFIER or (',
    ],
    [`${X} | json --strict`, 'parse error at line 0, col 18: syntax error: unexpected FUNCTION_FLAG'],
    [
      `${X} | logfmt --foo`,
      'parse error at line 1, col 22: syntax error: unexpected IDENTIFIER, expecting NUMBER',
    ],
    [
      `${X} | regexp "foo"`,
      'parse error : invalid regexp parser: at least one named capture must be supplied',
    ],
    [
      `${X} | regexp "(?P<a>.)(?P<a>.)"`,
      "parse error : invalid regexp parser: duplicate extracted label name 'a'",
    ],
    [`${X} | pattern "foo"`, 'parse error : invalid pattern parser: at least one capture is required'],
    [
      `${X} | pattern "<a><b>"`,
      "parse error : invalid pattern parser: found consecutive capture '<a><b>': invalid expression",
    ],
    [
      `${X} | pattern "<a> <a>"`,
      'parse error : invalid pattern parser: duplicate capture name (a): invalid expression',
    ],
    [`${X} | unwrap foo`, 'parse error at line 1, col 13: syntax error: unexpected unwrap'],
    [`${X} | drop`, 'parse error at line 1, col 17: syntax error: unexpected $end, expecting IDENTIFIER'],
    [`${X}[5m]`, 'parse error at line 0, col 10: syntax error: unexpected RANGE'],
    [`rate(${X})`, 'parse error at line 1, col 15: syntax error: unexpected )'],
    [`rate(${X}[5])`, 'parse error at line 0, col 15: not a valid duration string: "5"'],
    [`rate(${X}[])`, 'parse error at line 0, col 15: empty duration string'],
    [`rate(${X}[5m:1m])`, 'parse error at line 0, col 15: unknown unit "m:" in duration "5m:1m"'],
    [`rate(${X}[1.5h])`, 'parse error at line 0, col 15: unknown unit "." in duration "1.5h"'],
    [`rate(${X}[5m`, "parse error at line 0, col 15: missing closing ']' in duration"],
    [`sum_over_time(${X}[5m])`, 'parse error : invalid aggregation sum_over_time without unwrap'],
    [
      `count_over_time(${X} | unwrap foo [5m])`,
      'parse error : invalid aggregation count_over_time with unwrap',
    ],
    [`rate(${X}[5m]) by (foo)`, 'parse error : grouping not allowed for rate aggregation'],
    [
      `avg_over_time by (a) (${X} | unwrap b [5m])`,
      'parse error at line 1, col 15: syntax error: unexpected by, expecting (',
    ],
    [
      `quantile_over_time(${X} | unwrap foo [5m])`,
      'parse error : parameter required for operation quantile_over_time',
    ],
    [`rate(5, ${X}[5m])`, 'parse error : parameter 5 not supported for operation rate'],
    [`topk(rate(${X}[5m]))`, 'parse error : parameter required for operation topk'],
    [`topk(0, rate(${X}[5m]))`, 'parse error : invalid parameter (must be greater than 0) topk(0'],
    [`topk(1.5, rate(${X}[5m]))`, 'parse error : invalid parameter topk(1.5,'],
    [`sum(5, rate(${X}[5m]))`, 'parse error : unsupported parameter for operation sum(5,'],
    [`sort(rate(${X}[5m])) by (foo)`, "parse error : sort and sort_desc doesn't allow grouping by "],
    [
      `approx_topk(1, rate(${X}[5m])) by (a)`,
      'parse error : grouping not allowed for approx_topk aggregation',
    ],
    [`${X} + 1`, 'parse error : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr'],
    [
      `rate(${X}[5m]) and 1`,
      'parse error : unexpected literal for right leg of logical/set binary operation (and): 1.000000',
    ],
    [
      `label_replace(rate(${X}[5m]),"a","$1","b","(")`,
      'parse error : invalid regex in label_replace: error parsing regexp: missing closing ): `^(?:()$`',
    ],
    [`-rate(${X}[5m])`, 'parse error at line 1, col 2: syntax error: unexpected RATE, expecting NUMBER'],
    [
      '0x10',
      'parse error : unable to parse literal as a float: strconv.ParseFloat: parsing "0x10": invalid syntax',
    ],
    ['vector(-1)', 'parse error at line 1, col 8: syntax error: unexpected -, expecting NUMBER'],
    ['vector(1) -0', 'parse error at line 0, col 11: syntax error: unexpected DURATION'],
    [`rate(${X}[5m]) offset 5m`, 'parse error at line 1, col 21: syntax error: unexpected offset'],
    [
      `rate(${X} | unwrap foo |= "x" [5m])`,
      'parse error at line 0, col 29: syntax error: unexpected |=, expecting RANGE or |',
    ],
  ])('%s', (query, text) => expect(message(query)).toBe(text))
})

describe('precedence', () => {
  test.each([
    ['-2^2', '4'],
    ['2^-1', '0.5'],
    ['2^3^2', '512'],
    ['1-2-3', '-4'],
    ['1>2>bool 3', '0'],
    ['1+2*3', '7'],
    ['1 / 0', 'NaN'],
    ['vector(1) or vector(2) and vector(3)', '(vector(1) or (vector(2) and vector(3)))'],
    ['vector(1) + 2 * 3 > 4', '((vector(1) + 6) > 4)'],
    ['vector(2)^vector(3)^2', '(vector(2) ^ (vector(3) ^ 2))'],
  ])('%s', (query, printed) => expect(printExpr(parseExpr(query))).toBe(printed))

  test.each([
    ['a="1" or b="1" and c="1"', '( a="1" or ( b="1" , c="1" ) )'],
    ['a="1" and b="1" or c="1"', '( ( a="1" , b="1" ) or c="1" )'],
    ['a="1" or b="1" , c="1"', '( a="1" or ( b="1" , c="1" ) )'],
    ['a="1" b="1" or c="1"', '( a="1" , ( b="1" or c="1" ) )'],
    ['a="1" and b="1", c="1" or d="1"', '( a="1" , ( b="1" , ( c="1" or d="1" ) ) )'],
    ['a > -0', 'a>0s'],
    ['a = 5m', 'a=5m0s'],
    ['a > 5KB', 'a>5000B'],
  ])('label filter %s', (filter, printed) => {
    expect(printExpr(parseExpr(`${X} | ${filter}`))).toBe(`${X} | ${printed}`)
  })
})

describe('lexical odds', () => {
  test.each([
    ['{job="x"} // c', X],
    ['{job="x"} /* c */ |= "a" # d', `${X} |= "a"`],
    ['SUM BY (a) (Rate({job="x"}[5m]))', `sum by (a)(rate(${X}[5m]))`],
    ['{count="x"} | rate > 5', '{count="x"} | rate>5'],
    ['{job="x"} |= "\\x41\\u00e9\\101"', `${X} |= "AéA"`],
    ['{job="x"} |= "\\xff"', `${X} |= "\\xff"`],
    ['max_over_time({job="x"} | unwrap duration [5m])', `max_over_time(${X} | unwrap duration[5m])`],
    [
      'sum_over_time((({job="x"} | json | unwrap v)[1h] offset -5m))',
      `sum_over_time(${X} | json | unwrap v[1h] offset -5m0s)`,
    ],
    ['count_over_time({job="x"}[5m] |= "a")', `count_over_time(${X} |= "a"[5m])`],
  ])('%s', (query, printed) => expect(printExpr(parseExpr(query))).toBe(printed))
})

describe('parseSelector', () => {
  test('takes matchers only', () => {
    expect(parseSelector('{a="b", c!~"d"}').map(({ name, op, value }) => name + op + value)).toEqual([
      'a=b',
      'c!~d',
    ])
    expect(() => parseSelector('{a="b"} |= "c"')).toThrow('only label matchers are supported')
    expect(() => parseSelector('rate({a="b"}[1m])')).toThrow('only label matchers are supported')
    expect(() => parseSelector('{}')).toThrow(SELECTS_ALL)
    expect(parseSelector('{}', { allowEmpty: true })).toEqual([])
  })
})

describe('any input', () => {
  const pieces = fc.constantFrom(
    ...[
      '{',
      '}',
      '(',
      ')',
      '|',
      '|=',
      '!~',
      '"a"',
      '`b`',
      'job',
      '=',
      '=~',
      ',',
      'or',
      'and',
      'json',
      'logfmt',
    ],
    ...[
      '--strict',
      'unwrap',
      'rate',
      'sum',
      'by',
      '[5m]',
      '[',
      'offset',
      '5m',
      '-',
      '1',
      '1.5',
      '5KB',
      'ip',
      ' ',
    ],
    ...[
      'line_format',
      'label_format',
      'drop',
      'keep',
      'vector',
      'topk',
      'on',
      'group_left',
      '{job="x"}',
      "'",
      '\\',
    ],
  )
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((parts) => parts.join('')),
  )

  test('is parsed or refused with a LogqlError', () => {
    fc.assert(
      fc.property(anything, (query) => {
        message(query)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['(', '{job="x"} | (', 'vector(1)+', '-', 'sum(', '{job="x"} | a=1 ', '{job="x"} | a=1,', '2^'])(
    'hostile repetition of %j is refused quickly',
    (piece) => {
      message(piece.repeat(Math.floor(131_000 / piece.length)))
    },
  )
})
