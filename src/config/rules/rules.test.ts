import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRuleFile, parseRuleGroup, RuleSyntaxError } from './parse-rules.ts'
import { printGroup, printNamespaces, printRuleFile } from './print-rules.ts'
import type { RuleGroup } from './rule-group.ts'
import { validateGroups } from './validate-groups.ts'

const GROUP = `name: g1
interval: 1m
limit: 3
rules:
  - alert: HighErr
    expr: sum(rate({job="x"} |= "error" [5m])) > 1
    for: 5m
    labels: {severity: 1}
    annotations: {summary: "{{ $value }}", text: "a\\nb"}
  - record: job:errors
    expr: sum(rate({job="x"}[1m]))
`

function faults(yaml: string): string[] {
  return validateGroups([parseRuleGroup(yaml)]).map(({ message }) => message)
}

describe('a posted group', () => {
  test('is read', () => {
    expect(parseRuleGroup(GROUP)).toEqual({
      name: 'g1',
      intervalMs: 60_000,
      limit: 3,
      rules: [
        {
          record: '',
          alert: 'HighErr',
          expr: 'sum(rate({job="x"} |= "error" [5m])) > 1',
          forMs: 300_000,
          keepFiringForMs: 0,
          labels: [['severity', '1']],
          annotations: [
            ['summary', '{{ $value }}'],
            ['text', 'a\nb'],
          ],
        },
        {
          record: 'job:errors',
          alert: '',
          expr: 'sum(rate({job="x"}[1m]))',
          forMs: 0,
          keepFiringForMs: 0,
          labels: [],
          annotations: [],
        },
      ],
    })
    expect(faults(GROUP)).toEqual([])
  })

  test.each([
    ['rules: []', 'group 0: Groupname must not be empty'],
    [
      `name: g2\nrules: [{alert: X, expr: 'sum('}]`,
      "could not parse expression for alert 'X' in group 'g2': parse error at line 1, col 5: syntax error: unexpected $end",
    ],
    [
      `name: g2\nrules: [{record: x, expr: '{'}]`,
      "could not parse expression for record 'x' in group 'g2': parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }",
    ],
    [
      'name: g\nrules: [{alert: X, record: x, expr: "vector(1)"}]',
      "only one of 'record' and 'alert' must be set",
    ],
    ['name: g\nrules: [{expr: "vector(1)"}]', "one of 'record' or 'alert' must be set"],
    ['name: g\nrules: [{alert: X}]', "field 'expr' must be set in rule"],
    ['name: g\nrules: [{record: a-b, expr: "vector(1)"}]', 'invalid recording rule name: a-b'],
    ['name: g\nrules: [{record: a, for: 1m, expr: "vector(1)"}]', "invalid field 'for' in recording rule"],
    [
      'name: g\nrules: [{record: a, annotations: {b: c}, expr: "vector(1)"}]',
      "invalid field 'annotations' in recording rule",
    ],
    ['name: g\nrules: [{alert: a, labels: {b-c: d}, expr: "vector(1)"}]', 'invalid label name: b-c'],
    [
      'name: g\nrules: [{alert: a, labels: {__name__: d}, expr: "vector(1)"}]',
      'invalid label name: __name__',
    ],
    [
      'name: g\nrules: [{alert: a, annotations: {b-c: d}, expr: "vector(1)"}]',
      'invalid annotation name: b-c',
    ],
    [
      'name: g\nrules: [{alert: a, labels: {b: "{{ .x"}, expr: "vector(1)"}]',
      'label "b": template: __alert_a:1: unclosed action',
    ],
    [
      'name: g\nrules: [{alert: a, annotations: {b: "{{ nope }}"}, expr: "vector(1)"}]',
      'annotation "b": template: __alert_a:1: function "nope" not defined',
    ],
  ])('%s', (yaml, message) => {
    expect(faults(yaml)).toEqual([message])
  })

  test('a log query passes, as Loki has it', () => {
    expect(faults(`name: g\nrules: [{alert: a, expr: '{a="b"}'}]`)).toEqual([])
  })

  test('unknown keys are ignored, wrong kinds are not', () => {
    expect(parseRuleGroup('name: g\nfoo: bar').name).toBe('g')
    for (const text of [
      '- a',
      'a',
      'name: [x]',
      'name: g\nrules: 3',
      'name: g\ninterval: 5',
      'a: b: c',
      'rules: [x]',
    ]) {
      expect(() => parseRuleGroup(text), text).toThrow(RuleSyntaxError)
    }
  })
})

describe('a rule file', () => {
  test('is strict and names lines', () => {
    expect(() => parseRuleFile('groups:\n  - name: g\n    rulez: []\n')).toThrow(
      'yaml: unmarshal errors:\n  line 3: field rulez not found in type rulefmt.RuleGroup',
    )
    const { groups, place } = parseRuleFile(
      'groups:\n  - name: g\n    rules: []\n  - name: g\n    rules: []\n',
    )
    expect(validateGroups(groups)).toEqual([
      { message: 'groupname: "g" is repeated in the same file', path: [1, 'name'] },
    ])
    expect(place(['groups', 1, 'name'])).toEqual({ line: 4, column: 11 })
  })

  test('an empty file has no groups', () => {
    expect(parseRuleFile('').groups).toEqual([])
    expect(parseRuleFile('# nothing\n').groups).toEqual([])
  })
})

describe('printing', () => {
  test('lays out as Go does', () => {
    expect(printNamespaces([['ns', [parseRuleGroup(GROUP)]]])).toBe(`ns:
    - name: g1
      interval: 1m
      limit: 3
      rules:
        - alert: HighErr
          expr: sum(rate({job="x"} |= "error" [5m])) > 1
          for: 5m
          labels:
            severity: "1"
          annotations:
            summary: "{{ $value }}"
            text: |-
                a
                b
        - record: job:errors
          expr: sum(rate({job="x"}[1m]))
`)
    expect(printNamespaces([])).toBe('{}\n')
  })

  test('reads back to the same group, whatever it says', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((value) => !/[\r\u0085\u2028\u2029]/.test(value))
    const pairs = fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), text), { selector: ([name]) => name })
      .map((list) => list.sort(([a], [b]) => (a < b ? -1 : 1)))
    const group: fc.Arbitrary<RuleGroup> = fc.record({
      name: text,
      intervalMs: fc.nat(1e9),
      limit: fc.nat(),
      rules: fc.array(
        fc.record({
          record: text,
          alert: text,
          expr: text,
          forMs: fc.nat(1e9),
          keepFiringForMs: fc.nat(1e9),
          labels: pairs,
          annotations: pairs,
        }),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(group, (one) => {
        expect(parseRuleGroup(printGroup(one))).toEqual(one)
        expect(parseRuleFile(printRuleFile([one])).groups).toEqual([one])
      }),
    )
  })

  test('any text is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          validateGroups([parseRuleGroup(text)])
        } catch (error) {
          expect(error).toBeInstanceOf(RuleSyntaxError)
        }
      }),
    )
  })
})
