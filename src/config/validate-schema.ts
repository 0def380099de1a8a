import { parsePrometheusDuration } from '#base/duration.ts'
import type { LokiConfig } from './schema/root.ts'
import { pathPrefixProblem, type Refusal } from './validate.ts'

type Period = LokiConfig['schema_config']['configs'][number]

const OBJECT_STORES = ['s3', 'gcs', 'azure', 'swift', 'filesystem', 'alibabacloud', 'bos']

/** Loki's checks of `schema_config` and of the directories the `tsdb` index needs. */
export function schemaProblems(config: LokiConfig, nowMs: number): Refusal[] {
  const periods = config.schema_config.configs
  if (periods.length === 0) {
    const message = 'must specify at least one schema configuration'
    return [{ section: 'schema', path: 'schema_config', message }]
  }
  const found: Refusal[] = []
  const refuse = (section: string, path: string, message: string): number =>
    found.push({ section, path, message })
  let lastMs = Number.NEGATIVE_INFINITY
  periods.forEach((period, i) => {
    for (const [key, message] of periodProblems(period))
      refuse('schema', `schema_config.configs.${i}.${key}`, message)
    const fromMs = Date.parse(period.from)
    if (fromMs <= lastMs) {
      const message = 'from time in schemas must be distinct and in increasing order'
      refuse('schema', `schema_config.configs.${i}.from`, message)
    }
    lastMs = fromMs
  })
  const active = activePeriod(periods, nowMs)
  if (config.limits_config.allow_structured_metadata && active !== undefined) metadataProblems(active, refuse)
  if (periods.some(({ store }) => store === 'tsdb')) directoryProblems(config, refuse)
  return found
}

function activePeriod(periods: readonly Period[], nowMs: number): Period | undefined {
  const begun = periods.filter(({ from }) => Date.parse(from) <= nowMs)
  return begun[begun.length - 1] ?? periods[0]
}

function periodProblems(period: Period): [key: string, message: string][] {
  const found: [string, string][] = []
  if (!/^\d{4}-\d\d-\d\d$/.test(period.from) || Number.isNaN(Date.parse(period.from))) {
    found.push(['from', `parsing time ${JSON.stringify(period.from)} as "2006-01-02": cannot parse`])
  }
  const version = /^v?(\d+)$/.exec(period.schema)
  if (version === null) {
    const text = JSON.stringify(period.schema.replace(/^v/, ''))
    found.push(['schema', `invalid schema version: strconv.Atoi: parsing ${text}: invalid syntax`])
  } else if (Number(version[1]) < 9 || Number(version[1]) > 14) {
    found.push(['schema', 'validating period_config: invalid schema version'])
  }
  if (period.store === 'tsdb' && tablePeriodMs(period) !== 86_400_000) {
    const message = 'validating period_config: tsdb must always have periodic config for index set to 24h'
    found.push(['index.period', message])
  }
  const prefix = pathPrefixProblem(period.index.path_prefix)
  if (prefix !== undefined) found.push(['index.path_prefix', `validating index tables: ${prefix}`])
  if (!OBJECT_STORES.includes(period.object_store)) {
    found.push([
      'object_store',
      `unrecognized \`object_store\` type \`${period.object_store}\`, which also does not match any ` +
        `named_stores. ` +
        `Choose one of: ${OBJECT_STORES.join(', ')}. Or choose a named_store`,
    ])
  }
  return found
}

function tablePeriodMs(period: Period): number | undefined {
  try {
    return parsePrometheusDuration(period.index.period)
  } catch {
    return undefined
  }
}

type Refuse = (section: string, path: string, message: string) => number

function metadataProblems(period: Period, refuse: Refuse): void {
  const path = 'schema_config.configs'
  const advice =
    'Set `allow_structured_metadata: false` in the `limits_config` section or set the command line ' +
    'argument ' +
    '`-validation.allow-structured-metadata=false` and restart Loki. Then proceed to update to ' +
    'schema v13 or newer'
  const needs = 'is required to store Structured Metadata and use native OTLP ingestion, your'
  const version = Number(period.schema.replace(/^v/, ''))
  if (version >= 9 && version < 13) {
    refuse(
      '-',
      path,
      `schema v13 ${needs} schema version is ${period.schema}. ${advice} before re-enabling this config`,
    )
  }
  if (period.store !== 'tsdb') {
    refuse(
      '-',
      path,
      `\`tsdb\` index type ${needs} index type is \`${period.store}\` (defined in \`store\`). ${advice}`,
    )
  }
}

function directoryProblems({ storage_config: storage }: LokiConfig, refuse: Refuse): void {
  for (const key of ['active_index_directory', 'cache_location'] as const) {
    if (storage.tsdb_shipper[key] !== '') continue
    refuse(
      '-',
      `storage_config.tsdb_shipper.${key}`,
      '`tsdb` index type is configured in at least one schema period, however, `storage_config`, ' +
        '`tsdb_shipper`, ' +
        `\`${key}\` is not set, please set this directly or set \`path_prefix:\` in the \`common:\` section`,
    )
  }
}
