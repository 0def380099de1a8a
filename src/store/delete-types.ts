import type { LabelMatcher, LinePredicate, RowTest } from './types.ts'

/** Which rows the query of a delete request means: all of what follows holds for them. */
export interface DeleteSelection {
  readonly matchers: readonly LabelMatcher[]
  readonly lines: readonly LinePredicate[]
  /** Asked for rows that meet the rest; undefined where nothing is left to ask. */
  readonly test: RowTest | undefined
}

/** What is to be deleted. Both ends are inclusive. */
export interface DeleteSpec {
  readonly query: string
  readonly fromMs: number
  readonly fromNs: number
  readonly toMs: number
  readonly toNs: number
}

/** A request to delete rows, as it is kept. */
export interface DeleteRequest extends DeleteSpec {
  /** Eight hexadecimal digits, unique among the tenant's requests. */
  readonly id: string
  readonly createdMs: number
  /** Whether every row is gone from disk; until then they are only hidden. */
  readonly processed: boolean
  /** How much of what may hold such rows has been rewritten, 0 … 100. */
  readonly percent: number
}

/** What became of the wish to cancel a request. */
export type CancelResult = 'cancelled' | 'unknown' | 'processed' | 'too_late'

/** Requests to delete rows. Rows are hidden at once, and gone from disk after the cancel period. */
export interface LogDeletes {
  /**
   * Resolves when the request is durable and its rows are hidden.
   * @throws OperatorError `store_full`, `store_io`
   */
  add(tenant: string, spec: DeleteSpec): Promise<DeleteRequest>
  /** All requests of the tenant, oldest first. */
  list(tenant: string): readonly DeleteRequest[]
  /** Takes a request back; `force` even when some of its rows are gone already, or soon will be. */
  cancel(tenant: string, id: string, force: boolean): Promise<CancelResult>
}
