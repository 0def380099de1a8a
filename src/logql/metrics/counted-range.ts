import type { CountRun, LabelMatcher, LogStore } from '#store/types.ts'
import type { RangePlan } from './range-plan.ts'

const MINUTE_MS = 60_000

/** Whole minutes, and what the store's counters say of them. */
export interface CountedRange {
  /** The minutes lie in (fromMs, toMs]. */
  readonly fromMs: number
  readonly toMs: number
  readonly runs: readonly CountRun[]
  /** How many cells the runs have. */
  readonly cells: number
}

/**
 * Reads the counters of whole minutes, up to the first that they cannot tell; undefined where that is the
 * first of all.
 * @param isUsable whether a run says all that matters of its rows
 */
export async function readCounts(
  store: LogStore,
  tenant: string,
  matchers: readonly LabelMatcher[],
  minutes: { readonly fromMs: number; readonly toMs: number },
  isUsable: (run: CountRun) => boolean,
): Promise<CountedRange | undefined> {
  const { fromMs } = minutes
  const runs = await store.counts(tenant, matchers, minutes)
  if (runs === undefined) return undefined
  let toMs = minutes.toMs
  for (const run of runs) {
    if (!isUsable(run)) toMs = Math.min(toMs, run.columns.minute[run.from] * MINUTE_MS)
  }
  if (toMs <= fromMs) return undefined
  const known = toMs === minutes.toMs ? runs : runs.map((run) => before(run, toMs))
  return { fromMs, toMs, runs: known, cells: known.reduce((sum, { from, to }) => sum + to - from, 0) }
}

function before(run: CountRun, endMs: number): CountRun {
  return { ...run, to: positionOf(run, run.from, endMs / MINUTE_MS) }
}

/** The first cell of a run, from `from` on, that is not before a minute; the run's end where none is. */
export function positionOf({ columns, to }: CountRun, from: number, minute: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (columns.minute[middle] < minute) low = middle + 1
    else high = middle
  }
  return low
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
 * Whether a run says all about its rows that their series depend on: `labels` are those grouped by,
 * undefined where series have all labels. Rows with more metadata than the level may have any label that the
 * stream lacks.
 */
export function makeRunTest(labels: readonly string[] | undefined): (run: CountRun) => boolean {
  return ({ metadata, stream, level }) => {
    if (metadata === 'level') return true
    if (metadata === 'reserved' || labels === undefined) return false
    return labels.every(
      (name) =>
        stream.labels.some(([label]) => label === name) || (name === 'detected_level' && level !== ''),
    )
  }
}
