import { printGoDuration, printPrometheusDuration } from '#base/duration.ts'
import { rulesLocation } from './rules/rules-location.ts'
import type { LokiConfig } from './schema/root.ts'

/** A setting that is accepted and yet does not do what its writer expects. */
export interface Ineffective {
  readonly path: string
  readonly message: string
}

/**
 * Looks for settings that are accepted but cannot take effect. `isSet` tells whether file or flags give a
 * key.
 */
export function ineffectiveSettings(config: LokiConfig, isSet: (path: string) => boolean): Ineffective[] {
  return [
    ...retentionWarnings(config, isSet),
    ...serverWarnings(config, isSet),
    ...rulerWarnings(config, isSet),
  ]
}

function retentionWarnings(config: LokiConfig, isSet: (path: string) => boolean): Ineffective[] {
  const { compactor, limits_config: limits } = config
  const found: Ineffective[] = []
  const warn = (path: string, message: string): number => found.push({ path, message })
  const retains = limits.retention_period > 0 || limits.retention_stream.length > 0
  if (!compactor.retention_enabled && retains) {
    const key = limits.retention_period > 0 ? 'retention_period' : 'retention_stream'
    const why = 'has no effect: nothing is removed while `compactor.retention_enabled` is false'
    warn(`limits_config.${key}`, `\`limits_config.${key}\` ${why}`)
  }
  if (compactor.retention_enabled && !retains) {
    const why =
      'no `limits_config.retention_period` or `retention_stream` says for how long, so everything is kept'
    warn('compactor.retention_enabled', `\`compactor.retention_enabled\` removes nothing: ${why}`)
  }
  if (!compactor.retention_enabled && isSet('compactor.delete_request_store')) {
    const why = 'the delete API is there only with `compactor.retention_enabled`'
    warn('compactor.delete_request_store', `\`compactor.delete_request_store\` has no effect: ${why}`)
  }
  const every = compactor.apply_retention_interval
  if (every > 0 && compactor.compaction_interval > 0 && every % compactor.compaction_interval !== 0) {
    const interval = printGoDuration(compactor.compaction_interval)
    const path = 'compactor.apply_retention_interval'
    warn(path, `\`${path}\` should be a multiple of compaction_interval (${interval})`)
  }
  const lookback = limits.max_query_lookback
  if (lookback > 0 && limits.retention_period > lookback) {
    const kept = printPrometheusDuration(limits.retention_period)
    const seen = printPrometheusDuration(lookback)
    const message =
      `lines are kept for ${kept} but \`limits_config.max_query_lookback\` shows only ` + `the last ${seen}`
    warn('limits_config.max_query_lookback', message)
  }
  return found
}

/** Settings of features that are not there, and whose absence nothing else would show. */
const WITHOUT_EFFECT = [
  'limits_config.policy_override_limits',
  'limits_config.simulated_push_latency',
  'limits_config.discover_generic_fields.fields',
  'distributor.default_policy_stream_mappings',
  'frontend.support_parquet_encoding',
  'lbac.enabled',
]

function serverWarnings(config: LokiConfig, isSet: (path: string) => boolean): Ineffective[] {
  const found: Ineffective[] = []
  const warn = (path: string, message: string): number => found.push({ path, message })
  if (config.target !== 'all') {
    warn(
      'target',
      `\`target: ${config.target}\` is not supported: this server is always a whole Loki in one process`,
    )
  }
  if (!['json', 'logfmt'].includes(config.server.log_format)) {
    const message = `\`server.log_format: ${config.server.log_format}\` is not known: log lines are JSON`
    warn('server.log_format', message)
  }
  for (const path of WITHOUT_EFFECT.filter(isSet)) {
    warn(path, `\`${path}\` has no effect: this version does not have what it sets`)
  }
  const cloud = ['s3', 'gcs', 'azure', 'alibabacloud', 'bos', 'swift', 'cos'] as const
  for (const name of cloud.filter((name) => isSet(`common.storage.${name}`))) {
    const message = `\`common.storage.${name}\` is ignored: data is kept on the local file system`
    warn(`common.storage.${name}`, message)
  }
  const elsewhere = config.schema_config.configs.findIndex((period) => period.object_store !== 'filesystem')
  if (elsewhere >= 0) {
    const { object_store: store } = config.schema_config.configs[elsewhere]
    const message = `\`object_store: ${store}\` is ignored: data is kept on the local file system`
    warn(`schema_config.configs.${elsewhere}.object_store`, message)
  }
  return found
}

function rulerWarnings(config: LokiConfig, isSet: (path: string) => boolean): Ineffective[] {
  const found: Ineffective[] = []
  const warn = (path: string, why: string): number => {
    return found.push({ path, message: `\`${path}\` has no effect: ${why}` })
  }
  if (rulesLocation(config) === undefined) {
    const why =
      'no folder of rules is configured, so no rules are evaluated; set `common.storage.filesystem.' +
      'rules_directory`, or `ruler_storage.filesystem.dir` for rules that the API may change'
    for (const path of ['ruler.alertmanager_url', 'ruler.remote_write', 'ruler.webhooks'].filter(isSet)) {
      warn(path, why)
    }
  }
  if (config.ruler.enable_alertmanager_discovery) {
    const why = 'name each Alertmanager in `alertmanager_url`, separated by commas'
    warn('ruler.enable_alertmanager_discovery', why)
  }
  if (config.ruler.evaluation.mode !== 'local') {
    warn('ruler.evaluation.mode', 'rules are evaluated in this process')
  }
  return found
}
