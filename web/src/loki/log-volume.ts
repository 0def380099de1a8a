import { type ErrorHandling, volumeQuery, volumeStepMs } from '../query/volume.ts'
import { LEVELS, type Level, toLevel } from '../rows/level.ts'
import { msToNs } from '../rows/row.ts'
import { queryRange, type Series } from './api.ts'
import { LokiError } from './http.ts'

/** How to filter on a level in a query: the label that carries it, and its values there. */
export interface LevelLabel {
  readonly label: string
  readonly values: readonly string[]
}

/** Lines per bar and level. */
export interface LogVolume {
  readonly stepMs: number
  /** Where each bar begins, ms, ascending, no holes. */
  readonly barsMs: readonly number[]
  /** Per level that occurs: lines per bar, its sum, and how to filter on it. Worst first. */
  readonly levels: readonly LevelVolume[]
  readonly total: number
  /** Lines whose parser failed are not in the bars. */
  readonly withoutErrors: boolean
}

/** One level of a {@link LogVolume}. */
export interface LevelVolume {
  readonly level: Level
  readonly counts: readonly number[]
  readonly total: number
  readonly filter: LevelLabel | null
}

/** A window in ms since the epoch. */
export interface MsRange {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * Counts the lines of a log query over a window, by level, in about `bars` bars. Null for metric queries.
 * Throws what {@link queryRange} throws.
 */
export async function logVolume(
  query: string,
  range: MsRange,
  bars: number,
  signal: AbortSignal,
): Promise<LogVolume | null> {
  const stepMs = volumeStepMs(range.toMs - range.fromMs, bars)
  const ask = async (errors: ErrorHandling) => {
    const metric = volumeQuery(query, stepMs, errors)
    if (metric === null) return null
    const request = { query: metric, startNs: msToNs(range.fromMs), endNs: msToNs(range.toMs), stepMs }
    const answer = await queryRange(request, signal)
    return toVolume(answer.series ?? [], range, stepMs, errors === 'skip-lines')
  }
  try {
    return await ask('drop-error-label')
  } catch (error) {
    if (!(error instanceof LokiError) || error.status !== 400 || !/not supported/.test(error.message))
      throw error
    return await ask('skip-lines')
  }
}

/**
 * Turns counts per point into bars. The point at `t` counts the lines in (t − step, t], so it becomes the bar
 * that begins at t − step.
 */
export function toVolume(
  series: readonly Series[],
  range: MsRange,
  stepMs: number,
  skipped: boolean,
): LogVolume {
  const first = Math.floor(range.fromMs / stepMs) * stepMs
  const length = Math.max(1, Math.ceil((range.toMs - first) / stepMs))
  const counts = new Map<Level, number[]>()
  const filters = new Map<Level, Map<string, Set<string>>>()
  for (const one of series) {
    const { level, label, value } = seriesLevel(one.labels)
    const bars = counts.get(level) ?? new Array<number>(length).fill(0)
    counts.set(level, bars)
    if (label !== '') {
      const labels = filters.get(level) ?? new Map<string, Set<string>>()
      filters.set(level, labels.set(label, (labels.get(label) ?? new Set()).add(value)))
    }
    one.timesMs.forEach((time, i) => {
      const bar = Math.round((time - stepMs - first) / stepMs)
      if (bar >= 0 && bar < length) bars[bar] = (bars[bar] ?? 0) + (one.values[i] ?? 0)
    })
  }
  const levels = LEVELS.flatMap((level): LevelVolume[] => {
    const bars = counts.get(level)
    if (bars === undefined) return []
    const total = bars.reduce((sum, n) => sum + n, 0)
    return [{ level, counts: bars, total, filter: levelLabel(filters.get(level)) }]
  })
  const barsMs = Array.from({ length }, (_, i) => first + i * stepMs)
  const total = levels.reduce((sum, level) => sum + level.total, 0)
  return { stepMs, barsMs, levels, total, withoutErrors: skipped }
}

/** `detected_level` wins unless it says nothing and `level` does (pino's numbers). */
function seriesLevel(labels: Readonly<Record<string, string>>): {
  level: Level
  label: string
  value: string
} {
  for (const label of ['detected_level', 'level']) {
    const value = labels[label]
    const level = toLevel(value)
    if (value !== undefined && level !== 'unknown') return { level, label, value }
  }
  const label = labels.detected_level === undefined ? '' : 'detected_level'
  return { level: 'unknown', label, value: labels.detected_level ?? '' }
}

/** A level can be filtered on when one label alone carries it. */
function levelLabel(labels: Map<string, Set<string>> | undefined): LevelLabel | null {
  const [only, ...more] = labels ?? []
  return only === undefined || more.length > 0 ? null : { label: only[0], values: [...only[1]] }
}
