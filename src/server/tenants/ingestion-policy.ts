import type { Labels } from '#base/labels.ts'
import type { Limits } from '#config/schema/limits.ts'
import { compileMatcher } from '#logql/pipeline/matcher.ts'
import { parseSelector } from '#logql/syntax/parser.ts'

/** The ingestion policy of a stream: the name that `policy_stream_mapping` gives it, `''` for none. */
export type PolicyOf = (labels: Labels) => string

/**
 * Compiles `policy_stream_mapping`. Of several policies whose selectors fit, the one of the highest priority
 * wins, then the first by name.
 */
export function makePolicyOf({ policy_stream_mapping: mapping }: Limits): PolicyOf {
  const rules = Object.entries(mapping)
    .flatMap(([policy, streams]) =>
      streams.map(({ selector, priority }) => ({
        policy,
        priority,
        matchers: parseSelector(selector).map(compileMatcher),
      })),
    )
    .sort((a, b) => b.priority - a.priority || (a.policy < b.policy ? -1 : 1))
  if (rules.length === 0) return () => ''
  return (labels) => {
    const values = new Map(labels)
    const fits = rules.find(({ matchers }) =>
      matchers.every(({ name, matches }) => matches(values.get(name) ?? '')),
    )
    return fits?.policy ?? ''
  }
}

/** The labels a stream of a policy must have: those of all streams, of all policies (`*`) and of its own. */
export function enforcedLabels(limits: Limits, policy: string): readonly string[] {
  const { enforced_labels: always, policy_enforced_labels: byPolicy } = limits
  if (policy === '') return always
  return [...new Set([...always, ...(byPolicy['*'] ?? []), ...(byPolicy[policy] ?? [])])]
}

/** Until when a policy's streams are not taken, ms; 0 for no such thing. */
export function policyBlockedUntil(limits: Limits, policy: string): number {
  return policy === '' ? 0 : (limits.block_ingestion_policy_until[policy] ?? 0)
}
