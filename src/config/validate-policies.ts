import type { Limits } from './schema/limits.ts'
import { isRawMap } from './tree.ts'

/** The limits that `policy_override_limits` may give a policy. */
const OVERRIDABLE = [
  'max_streams_per_user',
  'max_global_streams_per_user',
  'ingestion_rate_mb',
  'ingestion_burst_size_mb',
  'per_stream_rate_limit',
  'per_stream_rate_limit_burst',
  'shard_streams',
]

/** What is wrong with `policy_override_limits`: no limit may be negative. */
export function policyProblems({
  policy_override_limits: overrides,
}: Limits): { readonly path: string; readonly message: string }[] {
  if (!isRawMap(overrides)) return []
  return Object.entries(overrides).flatMap(([policy, limits]) => {
    const path = `limits_config.policy_override_limits.${policy}`
    const refuse = (text: string): { path: string; message: string }[] => [
      { path, message: `policy_override_limits[${JSON.stringify(policy)}]: ${text}` },
    ]
    if (!isRawMap(limits)) return refuse('must be a mapping of limits')
    return Object.entries(limits).flatMap(([key, value]) => {
      if (!OVERRIDABLE.includes(key)) return refuse(`${key} cannot be set for a policy`)
      return typeof value === 'number' && value < 0 ? refuse(`${key} must be >= 0`) : []
    })
  })
}
