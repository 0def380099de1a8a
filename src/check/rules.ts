import type { ConfigProblem } from '#config/problem.ts'
import { parseRuleFile, type RuleFile, RuleSyntaxError } from '#config/rules/parse-rules.ts'
import { validateGroups } from '#config/rules/validate-groups.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import { FILE_START, type Finding } from './finding.ts'

/** Checks a file of alerting and recording rules: what the ruler refuses, and what it can never evaluate. */
export function checkRules(text: string): Finding[] {
  let file: RuleFile
  try {
    file = parseRuleFile(text)
  } catch (error) {
    if (error instanceof RuleSyntaxError) return error.problems.map(syntaxFinding)
    throw error
  }
  const refused = validateGroups(file.groups).map(({ message, path }): Finding => {
    return {
      code: 'rules-invalid',
      severity: 'error',
      ...file.place(['groups', ...path]),
      what: message,
      why: 'The ruler reads no rule of a tenant while one of its files is refused.',
      fix: 'Change what the message names.',
    }
  })
  return [...refused, ...logQueries(file)]
}

function syntaxFinding({ message, line, column }: ConfigProblem): Finding {
  const place = { line: line ?? FILE_START.line, column: column ?? FILE_START.column }
  return {
    code: 'rules-syntax',
    severity: 'error',
    ...place,
    what: message.replace(/^line \d+: /, ''),
    why: 'Rule files take known keys only, durations as `5m`, and lists and texts where they belong.',
    fix: 'Correct the key or the value; the keys are in docs/alerting.md.',
    example:
      'groups:\n  - name: errors\n    rules:\n      - alert: Errors\n' +
      '        expr: sum(rate({app="shop"} |= "error" [5m])) > 1\n        for: 5m',
  }
}

/** A rule wants numbers; a query for lines is accepted and then fails at every evaluation. */
function logQueries({ groups, place }: RuleFile): Finding[] {
  return groups.flatMap(({ rules }, i) =>
    rules.flatMap(({ expr, alert, record }, j): Finding[] => {
      if (!isLogQuery(expr)) return []
      return [
        {
          code: 'rules-log-query',
          severity: 'error',
          ...place(['groups', i, 'rules', j, 'expr']),
          what: `the expression of ${alert || record} asks for lines, which no rule can be evaluated on`,
          why: 'Rules compare and keep numbers. The ruler accepts such a rule, and every evaluation fails.',
          fix: 'Count the lines: `sum(count_over_time(… [5m])) > 0`.',
        },
      ]
    }),
  )
}

function isLogQuery(expr: string): boolean {
  try {
    return parseExpr(expr).kind === 'log'
  } catch {
    // Told of by the validation.
    return false
  }
}
