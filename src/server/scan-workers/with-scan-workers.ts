import type { Logger } from '#base/logger.ts'
import { parseScanWorkers } from '#config/scan-workers.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { EmbeddedStore } from '#store/embedded/store.ts'
import type { LogStore } from '#store/types.ts'
import { makeScanParts } from './scan-parts.ts'
import { makeScanPool } from './scan-pool.ts'

/** What all threads together keep of blocks and filters, beside what the store itself does. */
const CACHE_BYTES = 24 << 20

/** A store, and the threads that read its files with it. */
export interface HelpedStore {
  /** Ends the threads, too, when it is closed. */
  readonly store: LogStore
  readonly parts: ScanParts
}

/** Has the threads that `scan.workers` asks for read parts of what queries read. */
export function withScanWorkers(
  store: LogStore & Pick<EmbeddedStore, 'planScan' | 'noteCorrupt'>,
  { scan }: Pick<LokiConfig, 'scan'>,
  logger: Logger,
): HelpedStore {
  const threads = parseScanWorkers(scan.workers)
  const { planScan, noteCorrupt } = store
  if (threads === 0) return { store, parts: makeScanParts(planScan, undefined) }
  const pool = makeScanPool({ threads, cacheBytes: CACHE_BYTES, logger, onCorrupt: noteCorrupt })
  const close = async (): Promise<void> => {
    await pool.close()
    await store.close()
  }
  return { store: { ...store, close }, parts: makeScanParts(planScan, pool) }
}
