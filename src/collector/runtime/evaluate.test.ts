import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiagnosticsError, diagnosticLine } from '../syntax/diagnostic.ts'
import { parseConfig } from '../syntax/parser.ts'
import { evaluate, type Scope } from './evaluate.ts'
import { makeSecret } from './secret.ts'
import { STDLIB } from './stdlib/stdlib.ts'
import { fromHost, toHost, type Value } from './value.ts'

const receiver = { push: () => Promise.resolve() }
const names = new Map<string, Value>([
  ...STDLIB,
  ['obj', fromHost({ a: 1, nested: { list: [1, 2, 3] } })],
  ['secret', makeSecret('hunter2')],
  ['receiver', fromHost(receiver)],
])
const scope: Scope = {
  resolve: (chain) => {
    const value = names.get(chain[0])
    return value === undefined ? undefined : { value, used: 1 }
  },
}

function run(text: string): Value {
  const { source, body } = parseConfig('f', `x =\n${text}`)
  const [statement] = body
  if (statement.kind !== 'attribute') throw new Error('no attribute')
  return evaluate(source, statement.value, scope)
}

function failure(text: string): string {
  try {
    run(text)
  } catch (thrown) {
    if (thrown instanceof DiagnosticsError) return thrown.diagnostics.map(diagnosticLine).join('\n')
    throw thrown
  }
  return 'no error'
}

describe('operators', () => {
  test.each<[string, Value]>([
    ['-2^2', 4n],
    ['2^3^2', 512n],
    ['2 ^ -1', 1n],
    ['2.0 ^ -1', 0.5],
    ['7 / 2', 3n],
    ['-7 / 2', -3n],
    ['-7 % 2', -1n],
    ['7 / 2.0', 3.5],
    ['5.5 % 2', 1.5],
    ['1 + 2.5', 3.5],
    ['9223372036854775807 + 1', -9223372036854775808n],
    ['18446744073709551615 + 9223372036854775808', 9223372036854775807n],
    ['"a" + "b"', 'ab'],
    ['3 == 3.0', true],
    ['3 == "3"', false],
    ['[1, {a = 2}] == [1, {a = 2.0}]', true],
    ['null == false', false],
    ['sys.env == sys.env', false],
    ['receiver == receiver', true],
    ['"a" < "b"', true],
    ['2 >= 2.0', true],
    ['!true || true && false', false],
    ['010 + 08', 16],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected)
  })

  test('a secret stays one when text is added', () => {
    expect(JSON.stringify(run('secret + "x"'))).toBe('"(secret)"')
    expect(run('convert.nonsensitive("a" + secret)')).toBe('ahunter2')
  })

  test.each([
    ['true && 1', 'f:2:9: 1 should be bool, got number'],
    // Both sides are always evaluated.
    ['true || nothing', 'f:2:9: identifier "nothing" does not exist'],
    ['1 + "a"', 'f:2:5: "a" should be number, got string'],
    ['true + 1', 'f:2:1: true should be one of [number string capsule] for binop +, got bool'],
    ['"a" - 1', 'f:2:1: "a" should be one of [number] for binop -, got string'],
    ['1 < "a"', 'f:2:5: "a" should be number, got string'],
    ['[] < []', 'f:2:1: [] should be one of [number string] for binop <, got array'],
    ['1 / 0', 'f:2:1: divide by zero error'],
    ['1 % 0.0', 'f:2:1: divide by zero error'],
    ['-"a"', 'f:2:2: "a" should be number, got string'],
    ['!1', 'f:2:2: 1 should be bool, got number'],
  ])('%s is wrong', (text, message) => {
    expect(failure(text)).toBe(message)
  })
})

describe('access', () => {
  test.each<[string, Value]>([
    ['obj.nested.list[1]', 2n],
    ['obj["a"]', 1n],
    ['obj["gone"]', null],
    ['[1, 2][1.9]', 2n],
    ['{ "a-b" = 1 }["a-b"]', 1n],
    ['(obj).a', 1n],
  ])('%s', (text, expected) => {
    expect(run(text)).toEqual(expected)
  })

  test.each([
    ['obj.gone', 'f:2:5: field "gone" does not exist'],
    ['obj.a.b', 'f:2:7: cannot access field "b" on value of type number'],
    ['[1][3]', 'f:2:5: index 3 is out of range of array with length 1'],
    ['[1][-1]', 'f:2:5: index -1 is out of range of array with length 1'],
    ['obj[1]', 'f:2:5: expected string, got number'],
    ['"a"[0]', 'f:2:1: expected object or array, got string'],
    ['obj()', 'f:2:1: expected function, got object'],
    ['nothing.at.all', 'f:2:1: identifier "nothing" does not exist'],
  ])('%s is wrong', (text, message) => {
    expect(failure(text)).toBe(message)
  })
})

describe('standard library', () => {
  process.env.LOGBOOM_TEST_VARIABLE = 'set'
  test.each<[string, unknown]>([
    ['sys.env("LOGBOOM_TEST_VARIABLE")', 'set'],
    ['env("LOGBOOM_TEST_UNSET")', ''],
    ['constants.os', process.platform],
    ['coalesce(null, "", 0, [], false, {}, "x", "y")', 'x'],
    ['coalesce("", 0)', 0],
    ['coalesce()', null],
    ['array.concat([1], [], [2, 3])', [1, 2, 3]],
    ['concat([1], ["a"])', [1, 'a']],
    ['array.combine_maps([{a = 1, b = 2}], [{a = 1, c = 3}, {a = 2}], ["a"])', [{ a: 1, b: 2, c: 3 }]],
    ['array.combine_maps([{a = 5}], [{a = 1}], ["a"], true)', [{ a: 5 }]],
    [
      'array.group_by([{k = "x", n = 1}, {n = 2}, {k = "x", n = 3}], "k", true)',
      [
        {
          k: 'x',
          items: [
            { k: 'x', n: 1 },
            { k: 'x', n: 3 },
          ],
        },
      ],
    ],
    ['encoding.from_json("{\\"a\\": [1, 2.5, null]}")', { a: [1, 2.5, null] }],
    ['encoding.from_yaml("a: [x, 2]")', { a: ['x', 2] }],
    ['encoding.to_json({ a = [1, "x", null] })', '{"a":[1,"x",null]}'],
    ['encoding.to_base64("ä?")', 'w6Q/'],
    ['encoding.from_base64("w6Q/")', 'ä?'],
    ['encoding.to_URLbase64("ä?")', 'w6Q_'],
    ['encoding.from_URLbase64(encoding.to_URLbase64("a"))', 'a'],
    ['encoding.url_encode("a b&c/ä\'")', 'a+b%26c%2F%C3%A4%27'],
    ['encoding.url_decode("a+b%26%C3%A4ä")', 'a b&ää'],
    ['string.format("%s is %d%% of %.2f, %v", "x", 5, 1.5, [1, "a"])', 'x is 5% of 1.50, [1 a]'],
    [
      'string.format("%5d|%-5s|%05d|%+d|%x|%q|%t", 42, "ab", -7, 3, 255, "q", true)',
      '   42|ab   |-0007|+3|ff|"q"|true',
    ],
    ['string.format("%d %s %z", "x")', '%!d(string=x) %!s(MISSING) %!z(MISSING)'],
    ['string.format("a", 1)', 'a%!(EXTRA int=1)'],
    ['string.format("%e %g %g", 1500.0, 0.00001, 1.5)', '1.500000e+03 1e-05 1.5'],
    ['string.join(["a", 1], "-")', 'a-1'],
    ['string.split("a,b,", ",")', ['a', 'b', '']],
    ['string.replace("aXbX", "X", "$&")', 'a$&b$&'],
    ['string.to_upper("ä") + string.to_lower("Ä")', 'Ää'],
    ['string.trim("xxaxx", "x")', 'a'],
    ['string.trim_prefix("abc", "ab") + string.trim_suffix("abc", "bc")', 'ca'],
    ['string.trim_space("\\t a \\n")', 'a'],
    ['file.path_join("a/", "../b", "c/")', 'b/c'],
    ['json_path("{\\"a\\": [{\\"b\\": 1, \\"c\\": \\"x\\"}, {\\"b\\": 2}]}", "$.a[*].b")', [1, 2]],
    ['json_path("{\\"a\\": [{\\"b\\": 1}, {\\"b\\": 2}]}", ".a[?(@.b > 1)]")', [{ b: 2 }]],
    ['json_path("{\\"a\\": {\\"b\\": {\\"b\\": 1}}}", "$..b")', [{ b: 1 }, 1]],
    ['json_path("[1,2,3,4]", "$[1:3]")', [2, 3]],
    ['json_path("[1,2,3,4]", "$[-1]")', [4]],
    ['json_path("{}", "$.gone")', []],
    ['json_path("{\\"a b\\": 1}", "$[\'a b\']")', [1]],
  ])('%s', (text, expected) => {
    expect(toHost(run(text))).toEqual(expected)
  })

  test.each([
    ['string.join("a")', 'f:2:1: string.join: expected 2 args, got 1'],
    ['sys.env()', 'f:2:1: sys.env: expected 1 args, got 0'],
    ['encoding.to_json([])', 'f:2:1: encoding.to_json: argument 1 should be object, got array'],
    ['encoding.from_base64("!")', 'f:2:1: encoding.from_base64: illegal base64 data at input byte 0'],
    ['encoding.url_decode("%zz")', 'f:2:1: encoding.url_decode: invalid URL escape "%zz"'],
    ['string.to_lower(true)', 'f:2:1: string.to_lower: argument 1 should be string, got bool'],
    ['string.nothing("x")', 'f:2:8: field "nothing" does not exist'],
  ])('%s is wrong', (text, message) => {
    expect(failure(text)).toBe(message)
  })
})

describe('any expression', () => {
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('1', '010', '1.5', '-1e300', '18446744073709551615', '"a"', '"%s %d"', '"{}"', '""'),
      fc.constantFrom('null', 'true', 'obj', 'secret', 'receiver', 'nothing', '"$..[?(@.a == 1)]"', '"%zz"'),
      fc
        .tuple(fc.constantFrom(...functionNames()), fc.array(tie('expression'), { maxLength: 3 }))
        .map(([name, args]) => `${name}(${args.join(', ')})`),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('+', '-', '*', '/', '%', '^', '==', '<', '>=', '&&', '||'),
          tie('expression'),
        )
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(tie('expression'), tie('expression')).map(([target, index]) => `${target}[${index}]`),
      fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      tie('expression').map((item) => `{ a = ${item} }`),
      tie('expression').map((item) => `!${item}`),
      tie('expression').map((item) => `(${item}).a`),
    ),
  }))

  test('has a value or fails with a place', () => {
    fc.assert(
      fc.property(expression, (text) => {
        expect(failure(text)).toMatch(/^(no error|f:2:\d+: )/)
      }),
      { numRuns: 2000 },
    )
  })
})

/** Every function of the standard library, as a configuration calls it. */
function functionNames(): string[] {
  return [...STDLIB].flatMap(([name, value]) =>
    value instanceof Map ? [...value.keys()].map((member) => `${name}.${member}`) : [name],
  )
}
