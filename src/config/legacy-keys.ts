/**
 * Keys of older Loki versions: Loki refuses them today, here an old file starts and is told what to change.
 */
export const LEGACY_KEYS: readonly (readonly [path: RegExp, advice: string])[] = [
  [/^table_manager$/, 'use `compactor.retention_enabled` and `limits_config.retention_period` instead'],
  [/^storage_config\.boltdb(?:_shipper)?$/, 'there is one index; remove it'],
  [/^storage_config\.(?:index_queries_cache_config|index_cache_validity|bigtable|cassandra)$/, 'remove it'],
  [/^storage_config\.aws\.dynamodb$/, 'remove it'],
  [/^chunk_store_config\.max_look_back_period$/, 'use `limits_config.max_query_lookback` instead'],
  [/^chunk_store_config\.(?:cache_lookups_older_than|write_dedupe_cache_config)$/, 'remove it'],
  [/^compactor\.(?:shared_store|shared_store_key_prefix)$/, 'use `compactor.delete_request_store` instead'],
  [/^compactor\.deletion_mode$/, 'use `limits_config.deletion_mode` instead'],
  [/^schema_config\.configs\.\d+\.(?:row_shards|chunks|index\.tags)$/, 'remove it'],
  [/^ingester\.max_transfer_retries$/, 'remove it'],
  [/(?:^|\.)(?:fifocache|enable_fifocache)$/, 'use `embedded_cache` instead'],
  [/^ruler\.remote_write\.client$/, 'use `ruler.remote_write.clients` instead'],
  [
    /^limits_config\.(?:enforce_metric_name|unordered_writes|allow_deletes|max_cache_freshness)$/,
    'remove it',
  ],
  [
    /^limits_config\.per_tenant_override_(?:config|period)$/,
    'it is honoured; use `runtime_config.file` and `runtime_config.period` instead',
  ],
]

/** What to do about a key of an older version, or `undefined` for any other key. */
export function legacyAdvice(path: string): string | undefined {
  return LEGACY_KEYS.find(([pattern]) => pattern.test(path))?.[1]
}
