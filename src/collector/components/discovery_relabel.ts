import { applyRulesToTarget, compileRules, noRules, type RelabelRules, type RuleArgs } from '#base/relabel.ts'
import { ruleBlockSchema } from '../rule-block.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { deepEqual } from '../runtime/deep-equal.ts'
import { untilAborted } from './until_aborted.ts'

/** Arguments of `discovery.relabel`. */
export interface DiscoveryRelabelArgs {
  readonly targets: readonly Record<string, string>[]
  readonly rule: readonly RuleArgs[]
}

/** Rewrites and filters discovered targets. Exports `output` and, for `relabel_rules` elsewhere, `rules`. */
export const discoveryRelabel: ComponentDefinition<DiscoveryRelabelArgs> = {
  name: 'discovery.relabel',
  stability: 'generally-available',
  role: 'discovery',
  schema: {
    attributes: { targets: { type: { list: 'target' }, required: true } },
    blocks: { rule: { body: ruleBlockSchema, repeated: true } },
  },
  build(context, args) {
    let used: readonly RuleArgs[] = []
    let rules: RelabelRules = noRules
    const apply = (next: DiscoveryRelabelArgs): void => {
      // Targets change at every discovery; the rules' identity must not, or whoever imports them starts anew.
      if (!deepEqual(used, next.rule)) rules = compileRules(next.rule)
      used = next.rule
      const output = next.targets
        .map((target) => applyRulesToTarget(rules, target))
        .filter((target) => target !== undefined)
      context.setExports({ output, rules })
    }
    apply(args)
    return { run: untilAborted, update: apply }
  },
}
