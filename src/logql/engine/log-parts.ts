import { invariant } from '#base/invariant.ts'
import type { PlannedWindow, ScanPlan } from '#store/scan-plan.ts'
import type { ScanRequest, ScanWindow } from '#store/types.ts'
import type { Pipeline } from '../pipeline/compile.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { LogExpr } from '../syntax/ast.ts'
import type { PassedEntry } from './batch-cursor.ts'
import { EntryCollector, type EntryWishes } from './entry-collector.ts'
import type { ExplainedRead } from './explain.ts'
import { type Merging, mergeWindow } from './merge-window.ts'
import { answersInOrder, type PartJob } from './part-queue.ts'
import {
  addPartStats,
  type LogAnswer,
  type LogTask,
  type ScanParts,
  shareCost,
  takeUpTo,
  WorkEstimate,
} from './parts.ts'
import type { RangeQuery } from './types.ts'

/** What is asked of the store for the lines of a log query. */
export function logRequest(
  { matchers }: LogExpr,
  pipeline: Pipeline,
  query: Pick<RangeQuery, 'startMs' | 'startNs' | 'endMs' | 'endNs' | 'direction' | 'limit'>,
): ScanRequest {
  return {
    matchers: matchers.map(compileMatcher),
    fromMs: query.startMs,
    fromNs: query.startNs,
    toMs: query.endMs,
    toNs: query.endNs,
    direction: query.direction,
    limitHint: query.limit,
    lines: pipeline.predicates,
    fields: pipeline.fields?.predicates ?? [],
    fieldNeedles: pipeline.fieldNeedles,
    anyCase: pipeline.foldedNeedles.map(({ text }) => text),
  }
}

/** What the parts of a log query are read with. */
export interface LogPartsOptions {
  readonly parts: ScanParts
  readonly tenant: string
  readonly expr: LogExpr
  readonly query: RangeQuery
  readonly merging: Merging
  /** Where all entries end up. */
  readonly collector: EntryCollector
  readonly stats: { postFilterLines: number }
  readonly read: ExplainedRead
  readonly signal: AbortSignal
  /** Bytes that entries may take; 0 is no limit. */
  readonly maxHeldBytes: number
}

/** Reads a log query window by window until it has enough, some of the windows in other threads. */
export class LogParts {
  readonly #options: LogPartsOptions
  readonly #plan: ScanPlan
  readonly #estimate: WorkEstimate
  readonly #abort = new AbortController()
  /** Windows that other threads have or had. */
  readonly #given: Promise<unknown>[] = []

  constructor(options: LogPartsOptions) {
    this.#options = options
    const { parts, tenant, expr, query, merging, read } = options
    this.#plan = parts.plan(tenant, logRequest(expr, merging.pipeline, query))
    this.#estimate = new WorkEstimate(parts, this.#plan)
    read.scans.push(this.#plan.stats)
  }

  /** Reads until the collector is full, or everything has been read. */
  async run(): Promise<void> {
    try {
      if (this.#plan.ready !== undefined) await this.#plan.ready
      let window = this.#plan.next()
      for (; window !== undefined && !this.#isWorthSharing(window); window = this.#plan.next()) {
        if (await this.#readDirectly(window)) return
      }
      if (window !== undefined) await this.#share(window)
    } finally {
      // What others are still looking for is no longer wanted; the files stay until they have stopped.
      this.#abort.abort(new Error('the query has ended'))
      void Promise.allSettled(this.#given).then(() => this.#plan.release())
    }
  }

  #isWorthSharing({ cost }: PlannedWindow): boolean {
    const { collector, query } = this.#options
    return this.#estimate.isWorthIt(cost, collector.count / query.limit)
  }

  async #readDirectly(window: PlannedWindow): Promise<boolean> {
    const { merging, collector, stats, signal } = this.#options
    this.#estimate.begin()
    let isFull = false
    for await (const read of this.#plan.read([window], signal)) {
      merging.pace.check()
      isFull = await mergeWindow(read, merging, collector, stats)
      if (isFull) break
    }
    this.#estimate.end(window.cost)
    return isFull
  }

  async #share(first: PlannedWindow): Promise<void> {
    const { parts, collector, stats } = this.#options
    const cost = shareCost(parts, this.#plan)
    let waiting: PlannedWindow | undefined = first
    const nextWindow = (): PlannedWindow | undefined => {
      const window = waiting ?? this.#plan.next()
      waiting = undefined
      return window
    }
    const next = (): PartJob<LogAnswer> | undefined => {
      const windows = takeUpTo(cost, nextWindow, (window) => {
        waiting = window
      })
      if (windows.length === 0) return undefined
      return {
        canLeave: !windows[0].inMemory,
        here: () => this.#answerHere(windows),
        there: () => this.#answerThere(windows),
      }
    }
    for await (const { entries, postFilterLines } of answersInOrder(next, parts, this.#given)) {
      stats.postFilterLines += postFilterLines
      if (entries.some((entry) => collector.add(entry))) return
    }
  }

  async #answerHere(own: readonly PlannedWindow[]): Promise<LogAnswer> {
    const { query, merging, signal, maxHeldBytes } = this.#options
    const windows = this.#plan.read(own, signal)
    const found = await collectEntries(windows, query, merging, maxHeldBytes)
    return { ...found, stats: this.#plan.stats }
  }

  async #answerThere(windows: readonly PlannedWindow[]): Promise<LogAnswer> {
    const { parts, expr, query, signal, maxHeldBytes, read } = this.#options
    const task: LogTask = {
      kind: 'log',
      expr,
      shortcuts: query.shortcuts,
      from: { ms: query.startMs, ns: query.startNs },
      to: { ms: query.endMs, ns: query.endNs },
      direction: query.direction,
      limit: query.limit,
      maxHeldBytes,
      shared: this.#plan.share(windows),
    }
    const answer = await parts.run(task, AbortSignal.any([signal, this.#abort.signal]))
    invariant(answer.kind === 'log', 'a log task has a log answer')
    addPartStats(this.#plan, answer.stats)
    read.partsElsewhere++
    return answer
  }
}

/** The entries of windows that a query may return, in its direction. */
export async function collectEntries(
  windows: AsyncIterable<ScanWindow>,
  wishes: Pick<EntryWishes, 'direction' | 'limit'>,
  merging: Merging,
  maxHeldBytes: number,
): Promise<Omit<LogAnswer, 'stats'>> {
  const entries: PassedEntry[] = []
  const counted = { postFilterLines: 0 }
  const collector = new EntryCollector({ ...wishes, intervalMs: 0 }, maxHeldBytes)
  const sink = {
    forward: collector.forward,
    add: (entry: PassedEntry): boolean => {
      const before = collector.count
      const isFull = collector.add(entry)
      if (collector.count > before) entries.push(entry)
      return isFull
    },
  }
  for await (const window of windows) {
    merging.pace.check()
    if (await mergeWindow(window, merging, sink, counted)) break
  }
  return { kind: 'log', entries, ...counted }
}
