import type { Labels } from '#base/labels.ts'
import { loadLater } from '#base/load-later.ts'
import { dataDirectory } from '#config/directories.ts'
import { type DiskSize, parseDiskSize } from '#config/disk-size.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { DeleteSelection } from '#store/delete-types.ts'
import { retentionPeriod } from './retention-rules.ts'
import type { TenantLimits } from './tenant-limits.ts'

const deleteSelection = loadLater(() => import('./delete-selection.ts'))

/** What the configuration says about the store, in the store's own terms. */
export interface StoreSettings {
  readonly dir: string
  /**
   * How long the rows of a tenant's stream are kept, ms; 0 is for ever. Overrides take effect as they are
   * read.
   */
  retentionMs(tenant: string, labels?: Labels): number
  readonly outOfOrderWindowMs: number
  readonly compactionIntervalMs: number
  readonly retentionIntervalMs: number
  readonly retentionDeleteDelayMs: number
  readonly deleteCancelPeriodMs: number
  readonly deleteBatchSize: number
  deletionMode(tenant: string): 'disabled' | 'filter-only' | 'filter-and-delete'
  compileDelete(query: string): Promise<DeleteSelection>
  readonly diskBudget: { readonly max: DiskSize | undefined; readonly minFree: DiskSize | undefined }
}

/**
 * Translates a configuration for the embedded store. Nothing is removed unless the compactor's retention is
 * on, or the disk budget is used up.
 */
export function storeSettings(config: LokiConfig, limits: TenantLimits): StoreSettings {
  const { compactor, ingester, disk_budget: budget } = config
  const isOn = compactor.retention_enabled
  return {
    dir: dataDirectory(config),
    retentionMs: (tenant, labels) => (isOn ? retentionPeriod(limits.of(tenant), labels) : 0),
    outOfOrderWindowMs: ingester.max_chunk_age / 2,
    compactionIntervalMs: compactor.compaction_interval,
    retentionIntervalMs: compactor.apply_retention_interval,
    retentionDeleteDelayMs: compactor.retention_delete_delay,
    deleteCancelPeriodMs: compactor.delete_request_cancel_period,
    deleteBatchSize: compactor.delete_batch_size,
    deletionMode: (tenant) => {
      // Without retention there is no delete API, and what was asked for before rests.
      const mode = isOn ? limits.of(tenant).deletion_mode : 'disabled'
      return mode === 'filter-only' || mode === 'filter-and-delete' ? mode : 'disabled'
    },
    compileDelete: async (query) => (await deleteSelection()).compileDelete(query),
    diskBudget: { max: parseDiskSize(budget.max_disk), minFree: parseDiskSize(budget.min_free_disk) },
  }
}
