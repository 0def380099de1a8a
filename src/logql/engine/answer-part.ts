import type { SharedWindows } from '#store/scan-plan.ts'
import type { ScanRequest, ScanStats, ScanWindow } from '#store/types.ts'
import { readInto } from '../metrics/range-parts.ts'
import { SampleReader } from '../metrics/sample-reader.ts'
import { compilePipeline, type Pipeline } from '../pipeline/compile.ts'
import { collectEntries, logRequest } from './log-parts.ts'
import { Pace } from './pace.ts'
import type {
  LogAnswer,
  LogTask,
  MetricAnswer,
  MetricTask,
  PartAnswer,
  PartTask,
  PieceAnswer,
} from './parts.ts'

/** Reads windows that another thread has planned, all for one request. */
export type ReadShared = (request: ScanRequest, signal: AbortSignal) => SharedReading

/** The windows of a request, as far as they are asked for, one after another. */
export interface SharedReading {
  readonly stats: ScanStats
  windows(shared: SharedWindows): AsyncIterable<ScanWindow>
}

/** Answers parts, one at a time. */
export type AnswerPart = (task: PartTask, signal: AbortSignal) => Promise<PartAnswer>

/** How many queries are kept compiled: patterns get faster with use. */
const MAX_COMPILED = 8

/**
 * Makes what answers the parts of queries in the thread that they are given to.
 * Its answers throw what the query would in its own thread.
 */
export function makeAnswerPart(read: ReadShared): AnswerPart {
  const readers = new Compiled<SampleReader>()
  const pipelines = new Compiled<Pipeline>()
  const answerMetric = async (task: MetricTask, signal: AbortSignal): Promise<MetricAnswer> => {
    const key = keyOf(task.spec)
    const reader = readers.take(key) ?? new SampleReader(task.spec)
    const pace = new Pace(signal)
    const counted = { postFilterLines: 0 }
    reader.begin(pace, counted)
    const request = reader.request(task.from, task.to)
    const reading = read(request, signal)
    const pieces: PieceAnswer[] = []
    for (const { panes, shared } of task.pieces) {
      if (panes !== undefined) reader.panes.use(panes)
      const found = await readInto(reading.windows(shared), reader, pace)
      pieces.push({ series: reader.take(), ...found })
    }
    // One that has thrown half way is not used again.
    readers.keep(key, reader)
    return { kind: 'metric', pieces, ...counted, stats: reading.stats }
  }
  const answerLog = async (task: LogTask, signal: AbortSignal): Promise<LogAnswer> => {
    const { expr, shortcuts, from, to, direction, limit } = task
    const key = keyOf([expr.stages, shortcuts])
    const pipeline = pipelines.take(key) ?? compilePipeline(expr.stages, undefined, shortcuts)
    const bounds = { startMs: from.ms, startNs: from.ns, endMs: to.ms, endNs: to.ns }
    const reading = read(logRequest(expr, pipeline, { ...bounds, direction, limit }), signal)
    const merging = { pipeline, cache: new Map(), pace: new Pace(signal) }
    const found = await collectEntries(reading.windows(task.shared), task, merging, task.maxHeldBytes)
    pipelines.keep(key, pipeline)
    return { ...found, stats: reading.stats }
  }
  return (task, signal) => (task.kind === 'metric' ? answerMetric(task, signal) : answerLog(task, signal))
}

/** The same text for the same data; JSON has none for numbers that are not finite. */
function keyOf(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value,
  )
}

/** Things made for queries; who takes one has it alone until it is kept again. */
class Compiled<T> {
  readonly #byKey = new Map<string, T>()

  take(key: string): T | undefined {
    const known = this.#byKey.get(key)
    this.#byKey.delete(key)
    return known
  }

  keep(key: string, made: T): void {
    this.#byKey.set(key, made)
    const [oldest] = this.#byKey.keys()
    if (this.#byKey.size > MAX_COMPILED) this.#byKey.delete(oldest)
  }
}
