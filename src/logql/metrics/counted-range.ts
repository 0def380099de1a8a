import type { CountedTime, CountRun, LabelMatcher, LogStore } from '#store/types.ts'
import type { RangePlan } from './range-plan.ts'

const MINUTE_MS = 60_000

/** What the store's counters say of a span of time. */
export interface CountedRange {
  readonly runs: readonly CountRun[]
  /** How many cells the runs have. */
  readonly cells: number
  /** The whole minute from which on counters do not say all that matters; undefined where they always do. */
  readonly endMs: number | undefined
}

/**
 * Reads the counters of a span, up to the first minute that they cannot tell; undefined where that is the
 * first of all.
 * @param isUsable whether a run says all that matters of its rows
 */
export async function readCounts(
  store: LogStore,
  tenant: string,
  matchers: readonly LabelMatcher[],
  time: CountedTime,
  isUsable: (run: CountRun) => boolean,
): Promise<CountedRange | undefined> {
  const runs = await store.counts(tenant, matchers, time)
  if (runs === undefined) return undefined
  let endMs = Infinity
  for (const run of runs) {
    if (!isUsable(run)) endMs = Math.min(endMs, run.columns.minute[run.from] * MINUTE_MS)
  }
  if (endMs <= time.fromMs) return undefined
  const known = endMs === Infinity ? runs : runs.map((run) => before(run, endMs))
  const cells = known.reduce((sum, { from, to }) => sum + to - from, 0)
  return { runs: known, cells, endMs: endMs === Infinity ? undefined : endMs }
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
