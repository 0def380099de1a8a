import { compileRegex } from '#base/regex/regex.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { LokiConfig } from '#config/schema/root.ts'

/** What becomes of an attribute. */
export type AttributeAction = 'index_label' | 'structured_metadata' | 'drop'

/** `otlp_config` of a tenant, ready to ask: the first rule that fits a name decides. */
export interface AttributeRules {
  resource(name: string): AttributeAction
  scope(name: string): AttributeAction
  log(name: string): AttributeAction
  readonly severityTextAsLabel: boolean
}

type RuleList = Limits['otlp_config']['log_attributes']

/** Compiles the rules; the list of `distributor.otlp_config` goes before those for resources. */
export function compileAttributeRules(
  { otlp_config: config }: Limits,
  { otlp_config: global }: LokiConfig['distributor'],
): AttributeRules {
  const { ignore_defaults: alone, attributes_config: own } = config.resource_attributes
  const attributes = global.default_resource_attributes_as_index_labels
  const defaults: RuleList = alone ? [] : [{ action: 'index_label', attributes, regex: '' }]
  return {
    resource: compileRules([...defaults, ...own]),
    scope: compileRules(config.scope_attributes),
    log: compileRules(config.log_attributes),
    severityTextAsLabel: config.severity_text_as_label,
  }
}

function compileRules(rules: RuleList): (name: string) => AttributeAction {
  const compiled = rules.map(({ action, attributes, regex }) => {
    const names = new Set(attributes)
    const pattern = regex === '' ? undefined : compileRegex(regex)
    const fits = (name: string): boolean => names.has(name) || pattern?.test(name) === true
    return { action: action as AttributeAction, fits }
  })
  const known = new Map<string, AttributeAction>()
  return (name) => {
    let action = known.get(name)
    if (action === undefined) {
      action = compiled.find(({ fits }) => fits(name))?.action ?? 'structured_metadata'
      if (known.size < 10_000) known.set(name, action)
    }
    return action
  }
}
