import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiagnosticsError, diagnosticLine } from '../syntax/diagnostic.ts'
import { parseConfig } from '../syntax/parser.ts'
import type { BodySchema } from './component.ts'
import { decodeBody } from './decode-body.ts'
import type { Scope } from './evaluate.ts'
import { makeSecret } from './secret.ts'
import { parseSize } from './size.ts'
import { fromHost, type Value } from './value.ts'

const receiver = { push: () => Promise.resolve() }
const names = new Map<string, Value>([
  ['receiver', fromHost(receiver)],
  ['secret', makeSecret('hunter2')],
  ['ref', fromHost({ list: [{ a: 'x' }, { a: true }], map: { 'a-b': 1, c: [] } })],
])
const scope: Scope = {
  resolve: (chain) => {
    const value = names.get(chain[0])
    return value === undefined ? undefined : { value, used: 1 }
  },
}

const nested: BodySchema = {
  attributes: { url: { type: 'string', required: true }, n: { type: 'number', default: 7 } },
}
const schema: BodySchema = {
  attributes: {
    s: { type: 'string', default: 'default' },
    secret: { type: 'secret' },
    n: { type: 'number' },
    b: { type: 'bool' },
    d: { type: 'duration', default: 60_000 },
    size: { type: 'size' },
    any: { type: 'any' },
    targets: { type: { list: 'target' } },
    texts: { type: { map: 'string' } },
    to: { type: { list: { capsule: 'LogsReceiver' } } },
    kind: { type: { oneOf: ['fast', 'slow'] } },
  },
  blocks: { one: { body: nested }, many: { body: nested, repeated: true } },
  ordered: { field: 'stages', blocks: { 'stage.a': nested, 'stage.b': { attributes: {} } } },
  validate: (args) => {
    if (args.s === 'bad') throw new Error('s may not be bad')
  },
}

function decode(text: string, used = schema): Record<string, unknown> {
  const { source, body } = parseConfig('f', text)
  return decodeBody(body, used, { source, scope, range: { start: 0, end: text.length } }).args
}

function errors(text: string, used = schema): string[] {
  try {
    decode(text, used)
    return []
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticsError)) throw thrown
    return thrown.diagnostics.map(diagnosticLine)
  }
}

describe('values', () => {
  test.each<[string, string, unknown]>([
    ['s = 1', 's', '1'],
    ['s = 1.50', 's', '1.5'],
    ['s = 0.0000001', 's', '0.0000001'],
    ['s = 1e21', 's', '1000000000000000000000'],
    ['s = null', 's', ''],
    ['', 's', 'default'],
    ['secret = secret', 'secret', 'hunter2'],
    ['secret = "plain"', 'secret', 'plain'],
    ['n = "42"', 'n', 42],
    ['n = "-4.5e1"', 'n', -45],
    ['b = true', 'b', true],
    ['d = "1m30s"', 'd', 90_000],
    ['d = 0', 'd', 0],
    ['d = null', 'd', 0],
    ['size = "1.5KB"', 'size', 1536],
    ['size = "1MiB"', 'size', 1_048_576],
    ['any = { a = [1, "x", null] }', 'any', { a: [1, 'x', null] }],
    [
      'targets = [{ a = 1, b = true, c = "x", d = 1.5 }]',
      'targets',
      [{ a: '1', b: 'true', c: 'x', d: '1.5' }],
    ],
    ['targets = ref.list', 'targets', [{ a: 'x' }, { a: 'true' }]],
    ['texts = { a = 1, "b c" = "x" }', 'texts', { a: '1', 'b c': 'x' }],
    ['texts = { "__proto__" = "x" }', 'texts', Object.fromEntries([['__proto__', 'x']])],
    ['to = [receiver]', 'to', [receiver]],
    ['to = null', 'to', []],
    ['kind = "slow"', 'kind', 'slow'],
    ['one { url = "u" }', 'one', { url: 'u', n: 7 }],
    [
      'many { url = "1" }\nmany { url = "2" }',
      'many',
      [
        { url: '1', n: 7 },
        { url: '2', n: 7 },
      ],
    ],
    ['', 'many', []],
    [
      'stage.a { url = "x" }\nstage.b { }\nstage.a { url = "y" }',
      'stages',
      [
        { name: 'stage.a', args: { url: 'x', n: 7 } },
        { name: 'stage.b', args: {} },
        { name: 'stage.a', args: { url: 'y', n: 7 } },
      ],
    ],
  ])('%s → %s', (text, field, expected) => {
    expect(decode(text)[field]).toEqual(expected)
  })
})

describe('errors', () => {
  test.each<[string, ...string[]]>([
    ['b = "true"', 'f:1:5: "true" should be bool, got string'],
    ['s = true', 'f:1:5: true should be string, got bool'],
    ['s = secret', 'f:1:5: secret secrets may not be converted into strings; use convert.nonsensitive()'],
    ['n = ""', 'f:1:5: "" should be number, got string'],
    ['d = 5', 'f:1:5: 5 should be a duration, e.g. "10s", got number'],
    ['d = "5"', 'f:1:5: "5" time: missing unit in duration "5"'],
    ['size = "5kB"', 'f:1:8: "5kB" units: unknown unit kB in 5kB'],
    ['targets = {}', 'f:1:11: {} should be array, got object'],
    ['targets = [{ a = null }]', 'f:1:18: null should be string, got null'],
    ['texts = { a = ref.map, b = [] }', 'f:1:15: ref.map should be string, got object'],
    ['texts = ref.map', 'f:1:9: ref.map.c should be string, got array'],
    ['to = receiver', 'f:1:6: receiver should be array, got capsule'],
    ['to = ref.list', 'f:1:6: ref.list[0] expected capsule("loki.LogsReceiver"), got object'],
    ['kind = "fats"', 'f:1:8: "fats" should be one of "fast", "slow"; did you mean "fast"?'],
    ['s = 1\ns = 2', 'f:2:1: attribute "s" may only be provided once'],
    ['one { url = "" }\none { url = "" }', 'f:2:1: block "one" may only be specified once'],
    ['one = 1', 'f:1:1: "one" must be a block, but is used as an attribute'],
    ['stage.a = 1', 'f:1:1: attribute names may only consist of a single identifier with no "."'],
    ['s { }', 'f:1:1: "s" must be an attribute, but is used as a block'],
    ['many { }', 'f:1:1: missing required attribute "url"'],
    ['many "x" { url = "" }', 'f:1:1: block "many" does not support specifying labels'],
    ['stage.c { }', 'f:1:1: unrecognized block name "stage.c"; did you mean "stage.a"?'],
    ['zzzzzz = 1', 'f:1:1: unrecognized attribute name "zzzzzz"'],
    ['toString = 1', 'f:1:1: unrecognized attribute name "toString"'],
    ['s = "bad"', 'f:1:1: Failed to build component: decoding configuration: s may not be bad'],
    [
      'b = 1\nn = []\nmany { }',
      ...[
        'f:1:5: 1 should be bool, got number',
        'f:2:5: [] should be number, got array',
        'f:3:1: missing required attribute "url"',
      ],
    ],
  ])('%s', (text, ...expected) => {
    expect(errors(text)).toEqual(expected)
  })

  test('missing blocks', () => {
    const needs: BodySchema = { attributes: {}, blocks: { b: { body: nested, required: true } } }
    expect(errors('', needs)).toEqual(['f:1:1: missing required block "b"'])
  })
})

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['1B', 1],
    ['1KB', 1024],
    ['1GiB512MiB', 1.5 * 1024 ** 3],
    ['-2TB', -2 * 1024 ** 4],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test('arbitrary text is a size or an error of units', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isFinite(parseSize(text))).toBe(true)
        } catch (thrown) {
          expect((thrown as Error).message).toMatch(/^units: /)
        }
      }),
    )
  })
})
