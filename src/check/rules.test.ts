import { expect, test } from 'vitest'
import { checkText } from './check.ts'

async function check(text: string): Promise<string[]> {
  const { kind, findings } = await checkText('rules.yaml', text, 0)
  expect(kind).toBe('rules')
  return findings.map(({ code, line, column, what }) => `${code} ${line}:${column} ${what}`)
}

test('a file of rules', async () => {
  expect(
    await check('groups:\n  - name: g\n    rules:\n      - {alert: A, expr: "vector(1) > 0"}\n'),
  ).toEqual([])
  expect(
    await check(`groups:
  - name: g
    interval: 5
    rulez: []
`),
  ).toEqual([
    'rules-syntax 3:15 not a valid duration string: "5"',
    'rules-syntax 4:12 field rulez not found in type rulefmt.RuleGroup',
  ])
  expect(
    await check(`groups:
  - name: g
    rules:
      - alert: A
        expr: sum(
      - alert: B
        expr: '{app="x"} |= "error"'
      - record: c
        expr: vector(1)
        for: 1m
`),
  ).toEqual([
    "rules-invalid 5:15 could not parse expression for alert 'A' in group 'g': parse error at line 1, col 5: syntax error: unexpected $end",
    'rules-log-query 7:15 the expression of B asks for lines, which no rule can be evaluated on',
    "rules-invalid 10:14 invalid field 'for' in recording rule",
  ])
})
