import { dataDirectory } from '#config/directories.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { TenantLimits } from './tenant-limits.ts'

/** What the configuration says about the store, in the store's own terms. */
export interface StoreSettings {
  readonly dir: string
  /** How long a tenant's rows are kept, ms; 0 is for ever. Overrides take effect as they are read. */
  retentionMs(tenant: string): number
  readonly outOfOrderWindowMs: number
  readonly compactionIntervalMs: number
}

/**
 * Translates a configuration for the embedded store. Nothing is removed unless the compactor's retention is
 * on.
 */
export function storeSettings(config: LokiConfig, limits: TenantLimits): StoreSettings {
  const { compactor, ingester } = config
  return {
    dir: dataDirectory(config),
    retentionMs: (tenant) => (compactor.retention_enabled ? limits.of(tenant).retention_period : 0),
    outOfOrderWindowMs: ingester.max_chunk_age / 2,
    compactionIntervalMs: compactor.compaction_interval,
  }
}
