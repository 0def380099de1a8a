import { labelsText } from '#base/labels.ts'
import type { Accumulation } from './accumulators.ts'
import type { LiveSeries, PartSeries } from './live-series.ts'
import type { Panes } from './step-grid.ts'

/** What is remembered of range functions between queries, e.g. of a dashboard that asks again. */
export interface PaneMemory {
  /** What is known of a range function, as far as it has not changed since; undefined for nothing. */
  find(key: string): KnownPanes | undefined
  /**
   * Offers what has been read. `offsetMs`: how long before its time in the panes a row was logged.
   * Nothing that is handed over may be changed from then on.
   */
  keep(key: string, known: KnownPanes, offsetMs: number): void
}

/** All samples of a range function in (fromMs, toMs], the times being ends of panes. */
export interface KnownPanes {
  readonly fromMs: number
  readonly toMs: number
  /** Distance of steps: panes end on multiples of it, and maybe elsewhere, too. */
  readonly stepMs: number
  readonly series: readonly KnownSeries[]
  /** About how much memory they take. */
  readonly bytes: number
}

/** Panes of a series by their ends, ascending, and the accumulator of each. */
export interface KnownSeries extends OpenTimes {
  readonly labels: PartSeries[number]['labels']
}

interface OpenTimes {
  readonly endsMs: readonly number[]
  readonly accs: readonly unknown[]
}

const SERIES_BYTES = 300
const PANE_BYTES = 60

/** The panes of (afterMs, toMs] as series take them over. */
export function knownPart({ series }: KnownPanes, panes: Panes, afterMs: number, toMs: number): PartSeries {
  return series.flatMap(({ labels, endsMs, accs }) => {
    const isWanted = endsMs.map((endMs) => endMs > afterMs && endMs <= toMs)
    if (!isWanted.includes(true)) return []
    const wanted = endsMs.filter((_, i) => isWanted[i])
    return [
      { labels, panes: wanted.map((endMs) => panes.of(endMs)), accs: accs.filter((_, i) => isWanted[i]) },
    ]
  })
}

/** Gathers the panes of a range function before its windows have passed over them. */
export class PaneGatherer {
  readonly #accumulation: Accumulation<unknown>
  /** Panes that end later are gathered. */
  readonly fromMs: number
  readonly #stepMs: number
  readonly #series = new Map<string, { labels: KnownSeries['labels']; endsMs: number[]; accs: unknown[] }>()
  #bytes = 0

  /** Gathers what lies behind `fromMs`, the end of a pane. */
  constructor(accumulation: Accumulation<unknown>, fromMs: number, stepMs: number) {
    this.#accumulation = accumulation
    this.#stepMs = stepMs
    this.fromMs = fromMs
  }

  /** Takes the panes that are complete at a step and have not been part of a window yet. */
  gather(live: LiveSeries, panes: Panes, step: number): void {
    const lastPane = panes.lastOf(step)
    for (const { labels, panes: open, accs } of live.open()) {
      for (let i = 0; i < open.length && open[i] <= lastPane; i++) {
        const endMs = panes.endOf(open[i])
        if (endMs > this.fromMs) this.#add(labels, endMs, accs[i])
      }
    }
  }

  #add(labels: KnownSeries['labels'], endMs: number, acc: unknown): void {
    const key = labelsText(labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      this.#series.set(key, (series = { labels, endsMs: [], accs: [] }))
      this.#bytes += SERIES_BYTES + key.length
    }
    this.#accumulation.trim?.(acc)
    series.endsMs.push(endMs)
    series.accs.push(acc)
    this.#bytes += PANE_BYTES + (this.#accumulation.sizeBytes?.(acc) ?? 0)
  }

  /** Everything up to a step's time. */
  known(toMs: number): KnownPanes {
    const series = [...this.#series.values()]
    return { fromMs: this.fromMs, toMs, stepMs: this.#stepMs, series, bytes: this.#bytes }
  }
}
