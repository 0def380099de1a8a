import type { z } from 'zod'
import type { ConfigProblem } from './problem.ts'
import { schemaNode } from './schema-walk.ts'
import { isRawMap, type RawMap } from './tree.ts'

/** Keys below those of {@link NO_EFFECT} that do mean something. */
const EFFECTIVE = patterns([
  'server.log_level',
  'server.log_format',
  'query_scheduler.max_outstanding_requests_per_tenant',
  '*.lifecycler.min_ready_duration',
  'limits_config.tsdb_max_query_parallelism',
  'query_range.results_cache.cache.embedded_cache.max_size_mb',
])

/**
 * Keys that a single process has no use for, and why. A pattern is a dotted path, which stands for all
 * that is below it too; `*` is any text.
 */
const NO_EFFECT: readonly (readonly [keys: RegExp, why: string])[] = [
  [
    patterns([
      'server.grpc_*',
      '*.grpc_client*',
      'frontend.grpc_*',
      'frontend.scheduler_*',
      'frontend.downstream_url',
      'frontend.address',
      'frontend.port',
      'frontend.instance_*',
      'frontend.encoding',
      'ingester.max_dropped_streams',
      'ruler.evaluation.query_frontend',
      'limits_config.ruler_remote_evaluation_*',
    ]),
    'there is no gRPC, every part runs in one process',
  ],
  [patterns(['frontend_worker', 'query_scheduler']), 'queries are queued where they are run'],
  [
    patterns([
      'common.replication_factor',
      'common.ring',
      'common.instance_*',
      'common.persist_tokens',
      'common.compactor_*',
      'common.scratch_path',
      '*.ring',
      '*_ring',
      '*.lifecycler',
      'ingester.autoforget_unhealthy',
      'ingester.owned_streams_check_interval',
      'ingester.shutdown_marker_path',
      'ingester.delegate_stream_limits_enabled',
      'limits_config.use_owned_stream_count',
      'compactor.horizontal_scaling_mode',
    ]),
    'a ring of one process needs no keeping',
  ],
  [
    patterns([
      'ingester.chunk_retain_period',
      'ingester.chunk_block_size',
      'ingester.chunk_target_size',
      'ingester.chunk_encoding',
      'ingester.sync_*',
      'ingester.concurrent_flushes',
      'ingester.flush_*',
      'ingester.index_shards',
      'ingester.query_store*',
      'ingester.wal',
      'storage_config.max_*',
      'storage_config.use_thanos_objstore',
      'storage_config.tsdb_shipper',
      'storage_config.object_prefix',
      'storage_config.object_store.storage_prefix',
      'chunk_store_config',
    ]),
    'the store has one format of its own and decides itself when it writes; its log is always on',
  ],
  [
    patterns([
      'compactor.working_directory',
      'compactor.retention_delete_worker_count',
      'compactor.retention_table_timeout',
      'compactor.retention_backoff_config',
      'compactor.max_compaction_parallelism',
      'compactor.upload_parallelism',
      'compactor.tables_to_compact',
      'compactor.skip_latest_n_tables',
      'compactor.deletion_marker_object_store_prefix',
      'compactor.delete_request_store_*',
      'compactor.backup_delete_request_store_db_type',
      'compactor.delete_batch_size',
      'compactor.jobs_config',
      'compactor.worker_config',
    ]),
    'the store compacts and deletes in its own folder',
  ],
  [
    patterns([
      'query_range',
      'querier.engine',
      'querier.extra_query_delay',
      'querier.query_*',
      'limits_config.tsdb_*',
      'limits_config.split_*',
      'limits_config.recent_metadata_query_window',
      'limits_config.max_queriers_per_tenant',
      'limits_config.max_query_capacity',
      'limits_config.max_chunks_per_query',
      'limits_config.cardinality_limit',
      'limits_config.query_ready_index_num_days',
      'limits_config.min_sharding_lookback',
      'limits_config.shard_aggregations',
      'limits_config.max_metadata_cache_freshness',
      'limits_config.max_stats_cache_freshness',
      'limits_config.max_cache_freshness_per_query',
      'limits_config.engine_results_cache_time_bucket_interval',
    ]),
    'one process plans and runs a whole query, and knows what it may use again',
  ],
  [
    patterns([
      'limits_config.ingestion_rate_strategy',
      'limits_config.ingestion_partitions_tenant_shard_size',
      'limits_config.shard_streams',
      'limits_config.index_gateway_*',
      'limits_config.s3_*',
      'limits_config.bloom_*',
      'limits_config.dataobj_*',
      'limits_config.debug_engine_*',
    ]),
    'it is about several processes or storage elsewhere',
  ],
  [
    patterns([
      'distributor.push_worker_count',
      'distributor.rate_store',
      'distributor.write_failures_logging',
      'distributor.otlp_attribute_logging',
      'distributor.ingest_limits_*',
      'distributor.dataobj_tee',
      'distributor.circuit_breaker',
      'distributor.kafka_writes_enabled',
      'distributor.ingester_writes_enabled',
    ]),
    'pushes go straight into the store',
  ],
  [
    patterns([
      'server.http_listen_network',
      'server.http_server_write_timeout',
      'server.graceful_shutdown_timeout',
      'server.trace_*',
      'server.cluster_*',
      'server.create_new_traces',
      'server.proxy_*',
      'server.log_*',
    ]),
    'the listener of this server has no such setting',
  ],
  [
    patterns([
      'analytics',
      'tracing',
      'profiling',
      'ballast_bytes',
      'http_prefix',
      'metrics_namespace',
      'operational_config',
      'runtime_config.http_*',
    ]),
    'this server neither reports, traces nor profiles itself, and logs its own events',
  ],
  [
    patterns([
      'ruler.enable_sharding',
      'ruler.sharding_*',
      'ruler.search_pending_for',
      'ruler.flush_period',
      'limits_config.ruler_tenant_shard_size',
    ]),
    'there is one ruler',
  ],
  [
    patterns([
      'ruler.rule_path',
      'ruler.wal.dir',
      'ruler.wal.truncate_frequency',
      'ruler.wal.min_age',
      'ruler.storage.type',
      'ruler_storage.storage_prefix',
    ]),
    'the ruler reads rules where they lie, and keeps its state beside the data',
  ],
  [
    patterns(['ruler.alertmanager_refresh_interval']),
    'each Alertmanager in `alertmanager_url` is looked up as it is sent to',
  ],
  [
    patterns([
      'pattern_ingester.max_chunk_age',
      'pattern_ingester.retain_for',
      'pattern_ingester.pattern_sample_interval',
      'pattern_ingester.volume_threshold',
      'pattern_ingester.flush_check_period',
      'pattern_ingester.concurrent_flushes',
      'pattern_ingester.connection_timeout',
      'pattern_ingester.metric_aggregation',
      'pattern_ingester.pattern_persistence',
      'pattern_ingester.tee_config',
      'pattern_ingester.client_config',
      'limits_config.metric_aggregation_enabled',
      'limits_config.pattern_persistence_*',
      'limits_config.pattern_rate_threshold',
    ]),
    'patterns are found in what is stored when they are asked for, over all of it',
  ],
]

function patterns(list: readonly string[]): RegExp {
  const sources = list.map((text) => text.replaceAll('.', '\\.').replaceAll('*', '.*'))
  return new RegExp(`^(?:${sources.join('|')})(?:\\.|$)`)
}

/** What is said of keys that are accepted without being listed, where nothing better is known. */
const UNLISTED = 'this server has nothing that it would set'

/** Why a key of the YAML, by its dotted path, has no effect here; `undefined` where it has one. */
export function whyNoEffect(path: string): string | undefined {
  return EFFECTIVE.test(path) ? undefined : NO_EFFECT.find(([keys]) => keys.test(path))?.[1]
}

/**
 * One note for each reason why keys that are set have no effect, naming these. `given` is what file and
 * flags say, `placeOf` finds a key in the text.
 */
export function noEffectNotes(
  given: RawMap,
  schema: z.ZodType,
  placeOf: (path: readonly string[]) => { line: number; column: number } | undefined,
): ConfigProblem[] {
  const found = new Map<string, string[][]>()
  const visit = (
    value: unknown,
    schemaHere: z.ZodType | undefined,
    path: readonly string[],
    isListed: boolean,
  ): void => {
    const { shape, item, meta } =
      schemaHere === undefined
        ? { shape: undefined, item: undefined, meta: undefined }
        : schemaNode(schemaHere)
    // A section without effect is noted as a whole, where keys are compared with the tables.
    if (meta?.ignored !== undefined) return
    if (isRawMap(value) && Object.keys(value).length > 0) {
      for (const [key, child] of Object.entries(value)) {
        visit(child, shape?.[key] ?? item, [...path, key], isListed && (shape === undefined || key in shape))
      }
      return
    }
    const why = whyNoEffect(path.join('.')) ?? (isListed ? undefined : UNLISTED)
    if (why === undefined) return
    const paths = found.get(why)
    if (paths === undefined) found.set(why, [[...path]])
    else paths.push([...path])
  }
  visit(given, schema, [], true)
  return [...found].map(([why, paths]) => ({
    message: `without effect here: ${paths.map((path) => `\`${path.join('.')}\``).join(', ')}; ${why}`,
    path: paths[0].join('.'),
    ...placeOf(paths[0]),
  }))
}
