import { join } from 'node:path'
import { loadLokiConfig } from './load.ts'
import type { LokiConfig } from './schema/root.ts'

/**
 * The configuration of a server that nobody configured. Loki's defaults, but for one machine that collects
 * its own
 * containers: their history is older than a week, arrives as fast as a disk reads and in no order between the
 * generations of a container; a line may be as long as the collector lets through; and seven days are kept.
 * No limit
 * makes a line get lost: back-pressure does the work of rate limits. Rules can be set through the API.
 */
const DEFAULT_YAML = `
auth_enabled: false
server:
  http_listen_address: 127.0.0.1
common:
  path_prefix: data
  replication_factor: 1
  ring: {kvstore: {store: inmemory}}
schema_config:
  configs:
    - from: 2024-01-01
      store: tsdb
      object_store: filesystem
      schema: v13
      index: {prefix: index_, period: 24h}
compactor:
  retention_enabled: true
  delete_request_store: filesystem
ingester:
  lifecycler: {min_ready_duration: 0s}
  max_chunk_age: 17520h
limits_config:
  retention_period: 168h
  reject_old_samples: false
  ingestion_rate_mb: 256
  ingestion_burst_size_mb: 256
  per_stream_rate_limit: 256MB
  per_stream_rate_limit_burst: 256MB
  max_global_streams_per_user: 0
  max_line_size: 1MB
  max_query_series: 5000
analytics:
  reporting_enabled: false
`

/**
 * A complete configuration for running without a file. `flags`, by name without dash, change single
 * settings of it.
 */
export function defaultConfig(flags: ReadonlyMap<string, string> = new Map()): LokiConfig {
  const rules = join(flags.get('common.path-prefix') ?? 'data', 'rules')
  const all = new Map([['ruler-storage.filesystem.dir', rules], ...flags])
  return loadLokiConfig({ text: DEFAULT_YAML, flags: all }).config
}
