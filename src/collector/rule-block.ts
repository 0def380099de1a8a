import { compileRules, RULE_DEFAULTS, type RuleArgs } from '#base/relabel.ts'
import type { BodySchema } from './runtime/component.ts'

/** What a `rule {}` block may contain; shared by discovery.relabel and loki.relabel. */
export const ruleBlockSchema: BodySchema = {
  attributes: {
    action: { type: 'string', default: 'replace' },
    source_labels: { type: { list: 'string' }, default: [] },
    separator: { type: 'string', default: RULE_DEFAULTS.separator },
    regex: { type: 'string', default: RULE_DEFAULTS.regex },
    replacement: { type: 'string', default: RULE_DEFAULTS.replacement },
    target_label: { type: 'string', default: RULE_DEFAULTS.target_label },
    modulus: { type: 'number', default: RULE_DEFAULTS.modulus },
  },
  validate: (args) => {
    compileRules([args as unknown as RuleArgs])
  },
}
