import { describe, expect, test } from 'vitest'
import { labelsText, makeLabels } from './labels.ts'
import { applyRules, applyRulesToTarget, compileRules, type RuleArgs } from './relabel.ts'

const rule = (args: Partial<RuleArgs>): RuleArgs => ({
  action: 'replace',
  source_labels: [],
  separator: ';',
  regex: '(.*)',
  replacement: '$1',
  target_label: '',
  modulus: 0,
  ...args,
})

function run(args: Partial<RuleArgs>[], labels: Record<string, string>): string | undefined {
  const out = applyRules(compileRules(args.map(rule)), makeLabels(labels))
  return out === undefined ? undefined : labelsText(out)
}

describe('actions', () => {
  const name = '__meta_docker_container_name'
  test.each<[string, Partial<RuleArgs>[], Record<string, string>, string | undefined]>([
    [
      'replace strips the slash of a container name',
      [{ source_labels: [name], regex: '/(.*)', target_label: 'service' }],
      { [name]: '/web-gateway' },
      `{${name}="/web-gateway", service="web-gateway"}`,
    ],
    [
      'replace is anchored',
      [{ source_labels: ['a'], regex: 'b', target_label: 'x' }],
      { a: 'abc' },
      '{a="abc"}',
    ],
    [
      'dot matches newline',
      [{ source_labels: ['a'], regex: 'x.(y)', target_label: 'b' }],
      { a: 'x\ny' },
      '{a="x\\ny", b="y"}',
    ],
    [
      'several sources are joined, a missing one is empty',
      [{ source_labels: ['a', 'gone', 'b'], target_label: 'x' }],
      { a: '1', b: '2' },
      '{a="1", b="2", x="1;;2"}',
    ],
    [
      '$1_x names the group 1_x',
      [{ source_labels: ['a'], replacement: '$1_x', target_label: 'b' }],
      { a: 'v', b: 'old' },
      '{a="v"}',
    ],
    [
      'a braced group and a doubled dollar',
      [{ source_labels: ['a'], replacement: '\x24{1}_x$$', target_label: 'b' }],
      { a: 'v' },
      '{a="v", b="v_x$"}',
    ],
    ['empty result deletes', [{ replacement: '', target_label: 'a' }], { a: 'v', b: 'w' }, '{b="w"}'],
    [
      'target is expanded',
      [{ source_labels: ['a'], regex: '(.)=(.)', target_label: 'l_$1', replacement: '$2' }],
      { a: 'k=v' },
      '{a="k=v", l_k="v"}',
    ],
    ['invalid target is skipped', [{ replacement: 'v', target_label: 'a-b' }], { a: '1' }, '{a="1"}'],
    ['keep', [{ action: 'keep', source_labels: ['a'], regex: 'x|y' }], { a: 'y' }, '{a="y"}'],
    ['keep drops', [{ action: 'keep', source_labels: ['a'], regex: 'x|y' }], { a: 'yy' }, undefined],
    ['drop', [{ action: 'drop', source_labels: ['a'], regex: 'x' }], { a: 'x' }, undefined],
    [
      'keepequal',
      [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }],
      { a: '1', b: '2' },
      undefined,
    ],
    [
      'dropequal',
      [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }],
      { a: '1', b: '1' },
      undefined,
    ],
    [
      'hashmod',
      [{ action: 'hashmod', source_labels: ['c'], target_label: 'd', modulus: 1000 }],
      { c: 'baz' },
      '{c="baz", d="976"}',
    ],
    [
      'labelmap',
      [{ action: 'labelmap', regex: '__meta_(.*)' }],
      { __meta_job: 'x' },
      '{__meta_job="x", job="x"}',
    ],
    ['labeldrop', [{ action: 'labeldrop', regex: 'a.*' }], { a: '1', ab: '2', b: '3' }, '{b="3"}'],
    ['labelkeep', [{ action: 'labelkeep', regex: 'a.*' }], { a: '1', ab: '2', b: '3' }, '{a="1", ab="2"}'],
    [
      'lowercase',
      [{ action: 'lowercase', source_labels: ['a'], target_label: 'a' }],
      { a: 'ÄbC' },
      '{a="äbc"}',
    ],
    [
      'uppercase',
      [{ action: 'uppercase', source_labels: ['a'], target_label: 'b' }],
      { a: 'x' },
      '{a="x", b="X"}',
    ],
  ])('%s', (_, rules, labels, expected) => {
    expect(run(rules, labels)).toBe(expected)
  })

  test('targets may have names that log labels may not', () => {
    const rules = compileRules([rule({ replacement: 'v', target_label: 'a-b' })])
    expect(applyRulesToTarget(rules, { empty: '' })).toEqual({ 'a-b': 'v' })
  })
})

describe('what a rule may not be', () => {
  test.each<[Partial<RuleArgs>, string]>([
    [{ action: 'Keep' }, 'unrecognized action type "Keep"'],
    [{}, "relabel configuration for replace action requires 'target_label' value"],
    [{ action: 'hashmod', target_label: 'x' }, 'relabel configuration for hashmod requires non-zero modulus'],
    [
      { action: 'labeldrop', source_labels: ['a'] },
      "labeldrop action requires only 'regex', and no other fields",
    ],
    [
      { action: 'uppercase', target_label: 'x', replacement: 'y' },
      "'replacement' can not be set for uppercase action",
    ],
    [
      { action: 'keepequal', target_label: 'x', regex: 'y' },
      "keepequal action requires only 'source_labels' and 'target_label', and no other fields",
    ],
  ])('%j', (args, message) => {
    expect(() => compileRules([rule(args)])).toThrow(message)
  })

  test('a bad regex', () => {
    expect(() => compileRules([rule({ target_label: 'x', regex: '[' })])).toThrow('error parsing regexp')
  })
})
