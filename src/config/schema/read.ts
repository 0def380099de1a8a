import { anything, bool, csv, goDuration, int, section, text } from '../fields.ts'
import { ringSchema } from './server.ts'

/** A result cache. Caches of other servers have no counterpart on one node. */
const cacheSchema = section(
  { goType: 'cache.Config' },
  {
    default_validity: goDuration('1h'),
    background: anything(),
    memcached: anything(),
    memcached_client: anything(),
    redis: anything(),
    embedded_cache: section(
      { goType: 'cache.EmbeddedCacheConfig' },
      { enabled: bool(false), max_size_mb: int(100), max_size_items: int(0), ttl: goDuration('1h') },
    ),
    prefix: text(''),
  },
)

const resultsCacheSchema = section(
  { goType: 'queryrange.ResultsCacheConfig' },
  { cache: cacheSchema, compression: text('') },
)

/** `querier`: what a query may ask for. */
export const querierSchema = section(
  { goType: 'querier.Config' },
  {
    tail_max_duration: goDuration('1h', 'querier.tail-max-duration'),
    multi_tenant_queries_enabled: bool(false, 'querier.multi-tenant-queries-enabled'),
    per_request_limits_enabled: bool(false, 'querier.per-request-limits-enabled'),
    query_ingesters_within: goDuration('3h', 'querier.query-ingesters-within'),
    max_concurrent: int(4, 'querier.max-concurrent'),
    query_store_only: bool(false, 'querier.query-store-only'),
    query_ingester_only: bool(false, 'querier.query-ingester-only'),
    query_partition_ingesters: bool(false),
    extra_query_delay: goDuration('0s', 'querier.extra-query-delay'),
    engine: section(
      { goType: 'logql.EngineOpts', tolerate: /./ },
      {
        max_look_back_period: goDuration('30s', 'querier.engine.max-lookback-period'),
        max_count_min_sketch_heap_size: int(10_000),
      },
    ),
  },
)

/** `query_range`: how range queries are answered. */
export const queryRangeSchema = section(
  { goType: 'queryrange.Config' },
  {
    align_queries_with_step: bool(false, 'querier.align-querier-with-step'),
    cache_results: bool(false, 'querier.cache-results'),
    results_cache: resultsCacheSchema,
    max_retries: int(5, 'querier.max-retries-per-request'),
    parallelise_shardable_queries: bool(true, 'querier.parallelise-shardable-queries'),
    shard_aggregations: csv('', 'querier.shard-aggregations'),
    cache_index_stats_results: bool(true, 'querier.cache-index-stats-results'),
    index_stats_results_cache: resultsCacheSchema,
    cache_volume_results: bool(true, 'querier.cache-volume-results'),
    volume_results_cache: resultsCacheSchema,
    cache_series_results: bool(true, 'querier.cache-series-results'),
    series_results_cache: resultsCacheSchema,
    cache_label_results: bool(true, 'querier.cache-label-results'),
    label_results_cache: resultsCacheSchema,
    cache_instant_metric_results: bool(false, 'querier.cache-instant-metric-results'),
    instant_metric_results_cache: resultsCacheSchema,
    instant_metric_query_split_align: bool(false, 'querier.instant-metric-query-split-align'),
  },
)

/** `frontend`: the HTTP side of queries. */
export const frontendSchema = section(
  {
    goType: 'frontend.Config',
    tolerate:
      /^(?:scheduler_|downstream_url|tail_|graceful_|grpc_|instance_|address|port|log_query_|query_stats_)/,
  },
  {
    max_body_size: int(10_485_760, 'frontend.max-body-size'),
    encoding: text('protobuf', 'frontend.encoding'),
    compress_responses: bool(true, 'querier.compress-http-responses'),
    support_parquet_encoding: bool(false, 'frontend.support-parquet-encoding'),
    log_queries_longer_than: goDuration('0s', 'frontend.log-queries-longer-than'),
    max_outstanding_per_tenant: int(2048, 'querier.max-outstanding-requests-per-tenant'),
  },
)

/** `query_scheduler`: only its queue length means anything on one node. */
export const querySchedulerSchema = section(
  {
    goType: 'scheduler.Config',
    tolerate: /^(?:querier_forget_delay|grpc_client_config|max_queue_hierarchy_levels)$/,
  },
  {
    max_outstanding_requests_per_tenant: int(32_000, 'query-scheduler.max-outstanding-requests-per-tenant'),
    use_scheduler_ring: bool(false),
    scheduler_ring: ringSchema,
  },
)

/** `frontend_worker`: taken for its start-up check only. */
export const frontendWorkerSchema = section(
  { goType: 'worker.Config', tolerate: /./ },
  {
    frontend_address: text('', 'querier.frontend-address'),
    scheduler_address: text('', 'querier.scheduler-address'),
  },
)
