import type { CountCell, LabelMatcher, LogStore } from '#store/types.ts'
import type { RangePlan } from './range-plan.ts'

const MINUTE_MS = 60_000
/** How much time is asked for at once, so that cells are garbage while they are young: old ones cost more. */
const SLAB_MS = 3_600_000

/** The whole minutes of a range, read from the store's counters, slab after slab. */
export class CountedRange {
  readonly #store: LogStore
  readonly #tenant: string
  readonly #matchers: readonly LabelMatcher[]
  readonly #isUsable: (cell: CountCell) => boolean
  /** The minutes lie in (fromMs, toMs]. */
  readonly fromMs: number
  readonly toMs: number
  /** Everything up to this time, inclusive, has been handed out. */
  atMs: number
  /** Cells handed out. */
  cells = 0

  constructor(
    store: LogStore,
    tenant: string,
    matchers: readonly LabelMatcher[],
    minutes: { readonly fromMs: number; readonly toMs: number },
    isUsable: (cell: CountCell) => boolean,
  ) {
    this.#store = store
    this.#tenant = tenant
    this.#matchers = matchers
    this.#isUsable = isUsable
    this.fromMs = minutes.fromMs
    this.toMs = minutes.toMs
    this.atMs = minutes.fromMs
  }

  /** The cells of the next slab; `undefined`, and no step forward, where counters cannot tell. */
  async next(): Promise<readonly CountCell[] | undefined> {
    const range = { fromMs: this.atMs, toMs: Math.min(this.toMs, this.atMs + SLAB_MS) }
    const cells = await this.#store.counts(this.#tenant, this.#matchers, range)
    if (cells === undefined || !cells.every(this.#isUsable)) return undefined
    this.atMs = range.toMs
    this.cells += cells.length
    return cells
  }
}

/** Whether a plan asks for no more of its lines than how many they are, or how many bytes. */
export function countsAll({ pipeline, countsLines, countsBytes }: RangePlan): boolean {
  const { stages, predicates, fieldNeedles } = pipeline
  return (
    (countsLines || countsBytes) &&
    stages.length === 0 &&
    predicates.length === 0 &&
    fieldNeedles.length === 0
  )
}

/**
 * The whole minutes inside (from, to], milliseconds that need not be whole; undefined where there are none.
 */
export function wholeMinutes(from: number, to: number): { fromMs: number; toMs: number } | undefined {
  const fromMs = Math.ceil(from / MINUTE_MS) * MINUTE_MS
  const toMs = Math.floor(to / MINUTE_MS) * MINUTE_MS
  return fromMs < toMs ? { fromMs, toMs } : undefined
}

/** Whether a duration or a time is a whole number of minutes. */
export function isWholeMinute(ms: number): boolean {
  return ms % MINUTE_MS === 0
}

/**
 * Whether a cell says all about its rows that their series depend on: `labels` are those grouped by,
 * undefined where series have all labels. Rows with more metadata than the level may have any label that the
 * stream lacks.
 */
export function makeCellTest(labels: readonly string[] | undefined): (cell: CountCell) => boolean {
  return ({ metadata, stream, level }) => {
    if (metadata === 'level') return true
    if (metadata === 'reserved' || labels === undefined) return false
    return labels.every(
      (name) =>
        stream.labels.some(([label]) => label === name) || (name === 'detected_level' && level !== ''),
    )
  }
}
