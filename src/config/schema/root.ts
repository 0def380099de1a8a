import type { z } from 'zod'
import { anything, bool, goDuration, ignoredSection, int, section, strings, text } from '../fields.ts'
import { accessSchema } from './access.ts'
import { diskBudgetSchema } from './disk-budget.ts'
import { limitsSchema } from './limits.ts'
import {
  frontendSchema,
  frontendWorkerSchema,
  querierSchema,
  queryRangeSchema,
  querySchedulerSchema,
} from './read.ts'
import { rulerSchema, rulerStorageSchema } from './ruler.ts'
import { scanSchema } from './scan.ts'
import { commonSchema, operationalConfigSchema, runtimeConfigSchema, serverSchema } from './server.ts'
import {
  chunkStoreConfigSchema,
  compactorSchema,
  schemaConfigSchema,
  storageConfigSchema,
} from './storage.ts'
import { distributorSchema, ingesterSchema, patternIngesterSchema } from './write.ts'

/** Limits that `drilldown-limits` and `/config/tenant/v1/limits` show. */
const PUBLISHED_LIMITS = [
  'discover_log_levels',
  'discover_service_name',
  'log_level_fields',
  'max_entries_limit_per_query',
  'max_line_size_truncate',
  'max_query_bytes_read',
  'max_query_length',
  'max_query_lookback',
  'max_query_range',
  'max_query_series',
  'metric_aggregation_enabled',
  'otlp_config',
  'pattern_persistence_enabled',
  'query_timeout',
  'retention_period',
  'retention_stream',
  'volume_enabled',
  'volume_max_series',
]

const oneNode = 'this server is a single process, which needs none of it'

/** The whole of loki.yaml. */
export const rootSchema = section(
  { goType: 'loki.ConfigWrapper' },
  {
    target: text('all', 'target'),
    auth_enabled: bool(true, 'auth.enabled'),
    no_auth_tenant: text('fake', 'auth.no-auth-tenant'),
    http_prefix: text(''),
    ballast_bytes: int(0, 'config.ballast-bytes'),
    shutdown_delay: goDuration('0s', 'shutdown-delay'),
    metrics_namespace: text('loki', 'metrics-namespace'),
    tenant_limits_allow_publish: strings(PUBLISHED_LIMITS),
    lbac: section({ goType: 'lbac.Config' }, { enabled: bool(false, 'lbac.enabled') }),
    access: accessSchema,
    disk_budget: diskBudgetSchema,
    scan: scanSchema,
    server: serverSchema,
    common: commonSchema,
    distributor: distributorSchema,
    ingester: ingesterSchema,
    pattern_ingester: patternIngesterSchema,
    querier: querierSchema,
    query_range: queryRangeSchema,
    frontend: frontendSchema,
    query_scheduler: querySchedulerSchema,
    frontend_worker: frontendWorkerSchema,
    ruler: rulerSchema,
    ruler_storage: rulerStorageSchema,
    storage_config: storageConfigSchema,
    chunk_store_config: chunkStoreConfigSchema,
    schema_config: schemaConfigSchema,
    compactor: compactorSchema,
    limits_config: limitsSchema,
    runtime_config: runtimeConfigSchema,
    operational_config: operationalConfigSchema,
    analytics: section(
      { goType: 'analytics.Config' },
      {
        reporting_enabled: bool(true, 'reporting.enabled'),
        usage_stats_url: text(''),
        proxy_url: text(''),
        tls_config: anything(),
      },
    ),
    tracing: section({ goType: 'tracing.Config', tolerate: /./ }, { enabled: bool(true, 'tracing.enabled') }),
    profiling: anything({}),
    internal_server: ignoredSection('there is one listener, `server`'),
    ui: ignoredSection('the page of this server needs no setting'),
    query_engine: ignoredSection('there is one query engine'),
    ingester_client: ignoredSection(oneNode),
    index_gateway: ignoredSection(oneNode),
    bloom_build: ignoredSection('the store has its own filters'),
    bloom_gateway: ignoredSection('the store has its own filters'),
    compactor_client: ignoredSection(oneNode),
    compactor_grpc_client: ignoredSection(oneNode),
    memberlist: ignoredSection(oneNode),
    kafka_config: ignoredSection(oneNode),
    dataobj: ignoredSection('there is one storage format'),
    ingest_limits: ignoredSection(oneNode),
    ingest_limits_frontend: ignoredSection(oneNode),
    ingest_limits_frontend_client: ignoredSection(oneNode),
  },
)

/** A complete, typed loki.yaml: durations are milliseconds, sizes bytes. */
export type LokiConfig = z.output<typeof rootSchema>
