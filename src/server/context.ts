import type { Logger } from '#base/logger.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { ScanParts } from '#logql/engine/parts.ts'
import type { LogStore } from '#store/types.ts'
import type { AccessControl } from './access/access-control.ts'
import type { AuditLog } from './access/audit.ts'
import type { ServerMetrics } from './metrics.ts'
import type { Pusher } from './push/pusher.ts'
import type { Scratch } from './push/scratch.ts'
import type { FairQueue } from './query/fair-queue.ts'
import type { QueryReuse } from './query/query-reuse.ts'
import type { Ruler } from './ruler/ruler.ts'
import type { Shutdown } from './shutdown.ts'
import type { TenantLimits } from './tenant-limits.ts'

/** What every route works with. */
export interface ServerContext {
  readonly config: LokiConfig
  readonly store: LogStore
  readonly logger: Logger & { level?: string }
  readonly limits: TenantLimits
  readonly metrics: ServerMetrics
  readonly pusher: Pusher
  /** Memory that pushes borrow. */
  readonly scratch: Scratch
  /** Whether requests that write or query are still taken; false from the beginning of the shutdown. */
  isOpen(): boolean
  /** What queries share; undefined where each is to be answered afresh. */
  readonly reuse: QueryReuse | undefined
  /** Where queries wait for their turn. */
  readonly queue: FairQueue
  /** How the server ends. */
  readonly shutdown: Shutdown
  /** Threads that read parts of queries; undefined where the store has nothing to share. */
  readonly parts: ScanParts | undefined
  /** Whether queries may be answered in shorter ways than from every line. */
  readonly shortcuts: boolean
  /** When the server began, ms. */
  readonly startedMs: number
  /** Who may do what. */
  readonly access: AccessControl
  /** Where calls that change something are written down. */
  readonly audit: AuditLog
  /** Evaluates rules, where a folder of rules is configured. */
  readonly ruler: Ruler | undefined
}
