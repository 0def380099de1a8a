import { printGoDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseDiskSize } from './disk-size.ts'
import { parseScanWorkers } from './scan-workers.ts'
import type { Limits } from './schema/limits.ts'
import type { LokiConfig } from './schema/root.ts'
import { policyProblems } from './validate-policies.ts'
import { schemaProblems } from './validate-schema.ts'

/**
 * Checks one stream selector; returns what is wrong with it. Given by the caller, since the language lives
 * elsewhere.
 */
export type SelectorCheck = (selector: string) => string | undefined

/** A condition under which Loki does not start: the section it names, the key it is about, and the text. */
export interface Refusal {
  /** Section named in `invalid … config: `; empty where Loki names none. */
  readonly section: string
  readonly path: string
  readonly message: string
}

/** The full text Loki gives a refusal. */
export function refusalText({ section, message }: Refusal): string {
  if (section === '') return message
  return section === '-' ? `CONFIG ERROR: ${message}` : `CONFIG ERROR: invalid ${section} config: ${message}`
}

/**
 * Everything Loki checks before it starts, in its order; `nowMs` decides which schema period is the active
 * one.
 */
export function validateConfig(config: LokiConfig, nowMs: number, checkSelector?: SelectorCheck): Refusal[] {
  return [
    ...schemaProblems(config, nowMs),
    ...ingesterProblems(config),
    ...intakeProblems(config),
    ...readProblems(config),
    ...compactorProblems(config),
    ...limitsProblems(config.limits_config, checkSelector).map((problem) => ({
      section: 'limits',
      ...problem,
    })),
    ...otherProblems(config),
    ...diskBudgetProblems(config),
    ...scanProblems(config),
  ]
}

function scanProblems({ scan }: LokiConfig): Refusal[] {
  try {
    parseScanWorkers(scan.workers)
    return []
  } catch (error) {
    return [{ section: 'scan', path: 'scan.workers', message: errorMessage(error) }]
  }
}

function diskBudgetProblems({ disk_budget: budget }: LokiConfig): Refusal[] {
  return (['max_disk', 'min_free_disk'] as const).flatMap((key): Refusal[] => {
    try {
      parseDiskSize(budget[key])
      return []
    } catch (error) {
      return [{ section: 'disk_budget', path: `disk_budget.${key}`, message: errorMessage(error) }]
    }
  })
}

const ENCODINGS = ['none', 'gzip', 'lz4-64k', 'snappy', 'lz4-256k', 'lz4-1M', 'lz4', 'flate', 'zstd']

function ingesterProblems({ ingester }: LokiConfig): Refusal[] {
  const { flush_op_backoff: backoff, wal } = ingester
  const shards = ingester.index_shards
  return when([
    [
      !ENCODINGS.includes(ingester.chunk_encoding),
      'ingester',
      'ingester.chunk_encoding',
      `invalid encoding: ${ingester.chunk_encoding}, supported: ${ENCODINGS.join(', ')}`,
    ],
    [
      wal.enabled && wal.checkpoint_duration < 1,
      'ingester',
      'ingester.wal.checkpoint_duration',
      'invalid checkpoint duration: 0s',
    ],
    [
      wal.disk_full_threshold < 0 || wal.disk_full_threshold > 1,
      'ingester',
      'ingester.wal.disk_full_threshold',
      `invalid disk full threshold: ${wal.disk_full_threshold} (must be between 0 and 1)`,
    ],
    [
      backoff.min_period > backoff.max_period,
      'ingester',
      'ingester.flush_op_backoff.min_period',
      'invalid flush op min backoff: cannot be larger than max backoff',
    ],
    [
      backoff.max_retries <= 0,
      'ingester',
      'ingester.flush_op_backoff.max_retries',
      `invalid flush op max retries: ${backoff.max_retries}`,
    ],
    [ingester.flush_op_timeout <= 0, 'ingester', 'ingester.flush_op_timeout', 'invalid flush op timeout: 0s'],
    [shards <= 0, 'ingester', 'ingester.index_shards', `invalid ingester index shard factor: ${shards}`],
    [
      shards > 0 && (shards & (shards - 1)) !== 0,
      '',
      'ingester.index_shards',
      `incompatible inverted index shard factor on ingester: It must be a power of two, got ${shards}`,
    ],
    [
      ingester.delegate_stream_limits_enabled,
      '-',
      'ingester.delegate_stream_limits_enabled',
      'ingester.delegate-stream-limits requires ingest-limits service to be enabled (ingest_limits.enabled)',
    ],
  ])
}

function intakeProblems({ distributor, pattern_ingester: pattern }: LokiConfig): Refusal[] {
  return when([
    [
      !distributor.kafka_writes_enabled && !distributor.ingester_writes_enabled,
      'distributor',
      'distributor.ingester_writes_enabled',
      'at least one of kafka and ingestor writes must be enabled',
    ],
    [
      distributor.max_inflight_bytes < 0,
      'distributor',
      'distributor.max_inflight_bytes',
      'max inflight bytes cannot be less than zero',
    ],
    [
      pattern.lifecycler.ring.replication_factor !== 1,
      'pattern_ingester',
      'pattern_ingester.lifecycler.ring',
      'pattern ingester replication factor must be 1',
    ],
    [
      pattern.retain_for < pattern.max_chunk_age,
      'pattern_ingester',
      'pattern_ingester.retain_for',
      `retain-for (${printGoDuration(pattern.retain_for)}) must be greater than or equal to chunk-duration ` +
        `(${printGoDuration(pattern.max_chunk_age)})`,
    ],
    [
      pattern.max_chunk_age < pattern.pattern_sample_interval,
      'pattern_ingester',
      'pattern_ingester.max_chunk_age',
      `chunk-duration (${printGoDuration(pattern.max_chunk_age)}) must be greater than or equal to ` +
        `sample-interval (${printGoDuration(pattern.pattern_sample_interval)})`,
    ],
    [
      pattern.volume_threshold < 0 || pattern.volume_threshold > 1,
      'pattern_ingester',
      'pattern_ingester.volume_threshold',
      `volume_threshold (${pattern.volume_threshold}) must be between 0 and 1`,
    ],
  ])
}

function readProblems({
  querier,
  query_range: range,
  query_scheduler: scheduler,
  frontend,
  frontend_worker: worker,
}: LokiConfig): Refusal[] {
  const sharded = range.shard_aggregations.length > 0
  return when([
    [
      querier.query_store_only && querier.query_ingester_only,
      'querier',
      'querier.query_store_only',
      'querier.query_store_only and querier.query_ingester_only cannot both be true',
    ],
    [
      sharded && !range.parallelise_shardable_queries,
      'query_range',
      'query_range.shard_aggregations',
      'shard_aggregations requires parallelise_shardable_queries=true',
    ],
    [
      sharded && frontend.encoding !== 'protobuf',
      'query_range',
      'query_range.shard_aggregations',
      'shard_aggregation requires frontend.encoding=protobuf',
    ],
    [
      scheduler.scheduler_ring.num_tokens !== 128,
      'query_scheduler',
      'query_scheduler.scheduler_ring.num_tokens',
      'Num tokens must not be changed as it will not take effect',
    ],
    [
      scheduler.scheduler_ring.replication_factor !== 3,
      'query_scheduler',
      'query_scheduler.scheduler_ring.replication_factor',
      'Replication factor must not be changed as it will not take effect',
    ],
    [
      worker.frontend_address !== '' && worker.scheduler_address !== '',
      'frontend_worker',
      'frontend_worker.frontend_address',
      'frontend address and scheduler address are mutually exclusive, please use only one',
    ],
  ])
}

function compactorProblems({ compactor }: LokiConfig): Refusal[] {
  const prefix = compactor.delete_request_store_key_prefix
  const marker = compactor.deletion_marker_object_store_prefix
  const keyPrefix = pathPrefixProblem(prefix)
  return when([
    [
      compactor.retention_enabled && compactor.delete_request_store === '',
      'compactor',
      'compactor.delete_request_store',
      'compactor.delete-request-store should be configured when retention is enabled',
    ],
    [
      compactor.max_compaction_parallelism < 1,
      'compactor',
      'compactor.max_compaction_parallelism',
      'max compaction parallelism must be >= 1',
    ],
    [
      keyPrefix !== undefined,
      'compactor',
      'compactor.delete_request_store_key_prefix',
      `validate delete store path prefix: ${keyPrefix}`,
    ],
    [
      marker !== '' && !marker.endsWith('/'),
      'compactor',
      'compactor.deletion_marker_object_store_prefix',
      'deletion marker object store prefix must end with /',
    ],
    [
      compactor.compactor_ring.num_tokens !== 128,
      'compactor',
      'compactor.compactor_ring.num_tokens',
      'Num tokens must not be changed as it will not take effect',
    ],
    [
      compactor.compactor_ring.replication_factor !== 3,
      'compactor',
      'compactor.compactor_ring.replication_factor',
      'Replication factor must not be changed as it will not take effect',
    ],
    [
      compactor.working_directory === '',
      '-',
      'compactor.working_directory',
      '`compactor:` `working_directory:` is empty, please set a valid directory or set ' +
        '`path_prefix:` in the `common:` section',
    ],
  ])
}

/** What Loki says about a key prefix in an object store, or `undefined` where it is fine. */
export function pathPrefixProblem(prefix: string): string | undefined {
  if (prefix.includes('\\')) return "prefix should only have '/' as a path separator"
  if (prefix.startsWith('/')) return "prefix should never start with a path separator i.e '/'"
  if (!prefix.endsWith('/')) return "prefix should end with a path separator i.e '/'"
  return undefined
}

const DAY_MS = 86_400_000

/** What is wrong with limits: of the file, or of one tenant's overrides. */
export function limitsProblems(
  limits: Limits,
  checkSelector?: SelectorCheck,
): { readonly path: string; readonly message: string }[] {
  const found: { path: string; message: string }[] = []
  const refuse = (key: string, message: string): number =>
    found.push({ path: `limits_config.${key}`, message })
  limits.retention_stream.forEach(({ selector, period }, i) => {
    const wrong = checkSelector?.(selector)
    if (wrong !== undefined) refuse(`retention_stream.${i}.selector`, `invalid labels matchers: ${wrong}`)
    if (period < DAY_MS) {
      refuse(`retention_stream.${i}.period`, `retention period must be >= 24h was ${printHours(period)}`)
    }
  })
  for (const [policy, streams] of Object.entries(limits.policy_stream_mapping)) {
    for (const { selector } of streams) {
      const wrong = checkSelector?.(selector)
      const message = `invalid labels matchers for policy stream mapping: ${wrong}`
      if (wrong !== undefined) refuse(`policy_stream_mapping.${policy}`, message)
    }
  }
  if (!['disabled', 'filter-only', 'filter-and-delete'].includes(limits.deletion_mode)) {
    const known = 'disabled|filter-only|filter-and-delete'
    refuse('deletion_mode', `unknown deletion mode: must be one of ${known}`)
  }
  if (limits.tsdb_max_bytes_per_shard <= 0) {
    refuse('tsdb_max_bytes_per_shard', 'querier.tsdb-max-bytes-per-shard must be greater than 0')
  }
  if (!['power_of_two', 'bounded'].includes(limits.tsdb_sharding_strategy)) {
    refuse('tsdb_sharding_strategy', `invalid tsdb sharding strategy: ${limits.tsdb_sharding_strategy}`)
  }
  const bucket = limits.engine_results_cache_time_bucket_interval
  if (bucket < 60_000) {
    const message = `engine_results_cache_time_bucket_interval must be >= 1m, got ${bucket / 1000}s`
    refuse('engine_results_cache_time_bucket_interval', message)
  }
  return [...found, ...policyProblems(limits), ...otlpProblems(limits)]
}

function printHours(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`
}

function otlpProblems({ otlp_config: otlp }: Limits): { path: string; message: string }[] {
  const lists = {
    resource_attributes: otlp.resource_attributes.attributes_config,
    scope_attributes: otlp.scope_attributes,
    log_attributes: otlp.log_attributes,
  }
  return Object.entries(lists).flatMap(([key, rules]) =>
    rules.flatMap(({ action, attributes, regex }) => {
      const path = `limits_config.otlp_config.${key}`
      const refuse = (message: string): { path: string; message: string }[] => [{ path, message }]
      if (!['drop', 'index_label', 'structured_metadata'].includes(action)) {
        return refuse('unsupported action, it must be one of: drop, index_label, structured_metadata')
      }
      if (attributes.length === 0 && regex === '') return refuse('attributes or regex must be set')
      if (attributes.length > 0 && regex !== '') return refuse('only one of attributes or regex must be set')
      return key === 'scope_attributes' && action === 'index_label'
        ? refuse('index_label action is only supported for resource_attributes')
        : []
    }),
  )
}

function otherProblems({ auth_enabled: auth, no_auth_tenant: tenant, ruler }: LokiConfig): Refusal[] {
  const { remote_write: remote } = ruler
  return when([
    [
      !auth && tenant === '',
      '-',
      'no_auth_tenant',
      'no_auth_tenant cannot be empty when auth_enabled is false',
    ],
    [
      remote.enabled && Object.keys(remote.clients).length === 0,
      'ruler',
      'ruler.remote_write',
      'invalid ruler remote-write config: remote-write enabled but no clients are configured',
    ],
    ...Object.entries(remote.clients).map(
      ([name, { url }]): Row => [
        remote.enabled && url === '',
        'ruler',
        `ruler.remote_write.clients.${name}`,
        `invalid ruler remote-write config: remote-write enabled but client '${name}' URL is not configured`,
      ],
    ),
    ...ruler.webhooks.map(
      ({ url }, i): Row => [
        !/^https?:\/\//.test(url),
        'ruler',
        `ruler.webhooks.${i}.url`,
        `invalid ruler webhook: url ${JSON.stringify(url)} must begin with http:// or https://`,
      ],
    ),
  ])
}

type Row = readonly [refused: boolean, section: string, path: string, message: string]

function when(rows: readonly Row[]): Refusal[] {
  return rows.filter(([refused]) => refused).map(([, section, path, message]) => ({ section, path, message }))
}
