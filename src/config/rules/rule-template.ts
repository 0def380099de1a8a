import { parseTemplate } from '#base/template/parser.ts'

/** Go's own functions in templates. */
const GO_FUNCTIONS = [
  ...['and', 'or', 'not', 'call', 'len', 'index', 'slice', 'print', 'printf', 'println', 'html', 'js'],
  ...['urlquery', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'],
]

/** What Prometheus adds for rules. */
export const RULE_FUNCTIONS = [
  ...['query', 'first', 'label', 'value', 'strvalue', 'args', 'reReplaceAll', 'safeHtml', 'match'],
  ...['title', 'toUpper', 'toLower', 'graphLink', 'tableLink', 'sortByLabel', 'stripPort', 'stripDomain'],
  ...['humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage', 'humanizeTimestamp'],
  ...['toTime', 'toDuration', 'now', 'pathPrefix', 'externalURL', 'parseDuration', 'urlQueryEscape'],
]

const KNOWN: ReadonlySet<string> = new Set([...GO_FUNCTIONS, ...RULE_FUNCTIONS])

/** Whether a template of a rule may call a function of that name. */
export function isRuleFunction(name: string): boolean {
  return KNOWN.has(name)
}

/** The variables that every template of a rule can use. */
export const RULE_VARIABLES: string = [
  '{{$labels := .Labels}}',
  '{{$externalLabels := .ExternalLabels}}',
  '{{$externalURL := .ExternalURL}}',
  '{{$value := .Value}}',
].join('')

/**
 * Looks whether the template of a label or annotation can be parsed.
 * @throws Error with Go's text: `template: __alert_X:1: unclosed action`
 */
export function checkRuleTemplate(alert: string, text: string): void {
  if (text.includes('{{')) parseTemplate(`__alert_${alert}`, RULE_VARIABLES + text, isRuleFunction)
}
