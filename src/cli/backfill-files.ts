import type { Readable } from 'node:stream'
import { OperatorError } from '#base/errors.ts'
import type { Labels } from '#base/labels.ts'
import { openLines } from './backfill-lines.ts'
import type { BackfillSink } from './backfill-sink.ts'
import type { StateFile } from './backfill-state.ts'
import type { ReadTime } from './backfill-time.ts'

/** What a backfill of files works with. */
export interface FilesJob {
  /** Paths; `-` is standard input. */
  readonly names: readonly string[]
  readonly labels: Labels
  readonly readTime: ReadTime
  readonly sink: BackfillSink
  readonly stateFile: StateFile
  readonly stdin?: Readable
  /** Bytes read, of all bytes there are; 0 where that is not known. */
  readonly onProgress?: (doneBytes: number, allBytes: number) => void
}

/** What a backfill of files has read. */
export interface FilesResult {
  /** Lines without a time of their own, which got that of the line before. */
  readonly untimed: number
  /** Lines that an earlier run had copied. */
  readonly skipped: number
  /** Empty lines, which are left out. */
  readonly empty: number
}

/** Lines between two writings of the state. */
const CHECKPOINT_LINES = 20_000
/** So many lines without any time at the beginning of a file are no accident. */
const MAX_UNTIMED_HEAD = 1000

/**
 * Copies files line by line. Which lines are in the server is kept in the state; they are not read twice.
 * @throws OperatorError as the sink, the source and the state do, and `backfill_time` where a file has no
 * times
 */
export async function backfillFiles(job: FilesJob, signal: AbortSignal): Promise<FilesResult> {
  const sources = job.names.map((name) => openLines(name, job.stdin))
  const allBytes = sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const { state } = job.stateFile
  const result = { untimed: 0, skipped: 0, empty: 0 }
  let doneBytes = 0
  for (const source of sources) {
    const done = state.files[source.name] ?? 0
    const checkpoint = async (lines: number): Promise<void> => {
      await job.sink.flush()
      state.lines += lines - Math.max(state.files[source.name] ?? 0, 0)
      state.files[source.name] = lines
      job.stateFile.save()
    }
    const clock = makeClock(source.name, job.readTime)
    let number = 0
    for await (const text of source.lines()) {
      signal.throwIfAborted()
      const timed = clock.timeOf(text)
      number++
      if (number <= done) result.skipped++
      else if (text === '') result.empty++
      else {
        for (const entry of timed) await job.sink.add(job.labels, entry)
        if (number % CHECKPOINT_LINES === 0) await checkpoint(number)
      }
      if (number % 500 === 0) job.onProgress?.(doneBytes + source.readBytes, allBytes)
    }
    for (const entry of clock.rest()) await job.sink.add(job.labels, entry)
    await checkpoint(number)
    result.untimed += clock.untimed
    doneBytes += source.readBytes
    job.onProgress?.(doneBytes, allBytes)
  }
  return result
}

interface Clock {
  /** Entries that are ready: none while no line has had a time, then all of these. */
  timeOf(text: string): { tsNs: bigint; line: string }[]
  /** Lines that wait for a time that did not come. @throws OperatorError `backfill_time` */
  rest(): never[]
  readonly untimed: number
}

/**
 * Gives every line of a file its time. A line without one has that of the line before, as the lines of a
 * stack trace do; those at the beginning have that of the first line that has one. A server keeps one of
 * equal lines of one moment: each further one comes a nanosecond later, the same in every run.
 */
function makeClock(name: string, readTime: ReadTime): Clock {
  let lastNs: bigint | undefined
  let untimed = 0
  let waiting: string[] = []
  let sameNs = -1n
  let seen = new Set<string>()
  const place = (tsNs: bigint, line: string): { tsNs: bigint; line: string } => {
    if (tsNs !== sameNs) {
      sameNs = tsNs
      seen = new Set()
    }
    let ns = tsNs
    while (seen.has(`${ns} ${line}`)) ns += 1n
    seen.add(`${ns} ${line}`)
    return { tsNs: ns, line }
  }
  return {
    get untimed() {
      return untimed
    },
    timeOf(text) {
      if (text === '') return []
      const timed = readTime(text)
      if (timed === undefined) {
        untimed++
        if (lastNs !== undefined) return [place(lastNs, text)]
        waiting.push(text)
        if (waiting.length >= MAX_UNTIMED_HEAD) throw noTimes(name, waiting[0])
        return []
      }
      lastNs = timed.tsNs
      const before = waiting.map((line) => place(timed.tsNs, line))
      waiting = []
      return [...before, place(timed.tsNs, timed.line)]
    },
    rest() {
      if (waiting.length > 0) throw noTimes(name, waiting[0])
      return []
    },
  }
}

function noTimes(name: string, line: string): OperatorError {
  return new OperatorError(
    'backfill_time',
    `${name}: no time in any line, such as: ${line.slice(0, 120)}\n` +
      'say where it is with --timestamp-regex or --timestamp-json, and how it is written with ' +
      '--timestamp-format',
  )
}
