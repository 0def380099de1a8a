import { anything, mapOf, section } from './fields.ts'
import { ConfigError } from './problem.ts'
import { type Limits, limitsSchema } from './schema/limits.ts'
import { operationalConfigSchema } from './schema/server.ts'
import { isRawMap, type RawMap, withoutNulls } from './tree.ts'
import { checkKeys } from './unknown-keys.ts'
import { limitsProblems, type SelectorCheck } from './validate.ts'
import { parseYamlSource } from './yaml-source.ts'

const runtimeSchema = section(
  { goType: 'runtime.runtimeConfigValues' },
  {
    overrides: mapOf(limitsSchema),
    configs: mapOf(operationalConfigSchema),
    multi_kv_config: anything(),
  },
)

/** What a runtime file says: limits of the tenants it names, complete, and what in it has no effect. */
export interface RuntimeOverrides {
  readonly limits: ReadonlyMap<string, Limits>
  readonly warnings: readonly string[]
}

/**
 * Reads a runtime file (`runtime_config.file`) over the limits all tenants share.
 * @throws ConfigError with Loki's text; the caller keeps what it had
 */
export function parseRuntimeOverrides(
  text: string,
  base: Limits,
  file: string,
  checkSelector?: SelectorCheck,
): RuntimeOverrides {
  const source = parseYamlSource(text, file)
  const tree = withoutNulls(source.value) ?? {}
  if (!isRawMap(tree)) throw invalid(file, 'yaml: the file is not a mapping')
  const keys = checkKeys(source, runtimeSchema)
  if (keys.errors.length > 0)
    throw new ConfigError(`${file}: ${keys.errors.map((e) => e.message).join('; ')}`, keys.errors, file)
  const result = runtimeSchema.safeParse(tree)
  if (!result.success) {
    const messages = result.error.issues.map((issue) => {
      const place = source.place(issue.path)
      return `line ${place?.line ?? '?'}: ${issue.message}`
    })
    throw invalid(file, messages.join('; '))
  }
  const overrides = isRawMap(tree.overrides) ? tree.overrides : {}
  const limits = new Map<string, Limits>()
  for (const [tenant, given] of Object.entries(overrides)) {
    if (!isRawMap(given)) continue
    const merged = inherit(base, result.data.overrides[tenant], given)
    const problems = limitsProblems(merged, checkSelector)
    if (problems.length > 0) throw invalid(file, `overrides for tenant ${tenant}: ${problems[0].message}`)
    limits.set(tenant, merged)
  }
  return { limits, warnings: keys.warnings.map(({ message, line }) => `${file}:${line ?? '?'}: ${message}`) }
}

function invalid(file: string, message: string): ConfigError {
  return new ConfigError(`${file}: ${message}`, [{ message }], file)
}

/**
 * Keys that are given win, all others come from `base`; lists, maps and `otlp_config` are replaced as a
 * whole.
 */
function inherit(base: Limits, parsed: Limits, given: RawMap): Limits {
  const merged: RawMap = { ...base }
  const own = parsed as RawMap
  for (const [key, value] of Object.entries(given)) {
    if (!(key in own)) continue
    const inherited = merged[key]
    const mergesInside =
      key === 'shard_streams' && isRawMap(value) && isRawMap(inherited) && isRawMap(own[key])
    merged[key] = mergesInside ? mergeNamed(inherited, own[key] as RawMap, value) : own[key]
  }
  return merged as Limits
}

function mergeNamed(base: RawMap, parsed: RawMap, given: RawMap): RawMap {
  const named = Object.keys(given).filter((key) => key in parsed)
  return { ...base, ...Object.fromEntries(named.map((key) => [key, parsed[key]])) }
}
