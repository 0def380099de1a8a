import { compareTimestamps } from '#base/timestamp.ts'

/** Standard output and standard error, as indices into everything kept per stream. */
export type StreamIndex = 0 | 1

/** Names of the streams, by index. */
export const STREAM_NAMES = ['stdout', 'stderr'] as const

/** The last line taken from one stream: its stamp, and how many lines of that stamp have been taken. */
export interface StreamCursor {
  readonly tsMs: number
  readonly tsNs: number
  readonly count: number
  /**
   * The latest stamp that was taken before, where the clock has been set back since and has not come so far
   * again: up to there a later stamp than the last line's does not tell that a line is new.
   */
  readonly peak?: Stamp
}

/** A moment: milliseconds since the epoch and nanoseconds within. */
export interface Stamp {
  readonly tsMs: number
  readonly tsNs: number
}

/**
 * How far the log of one container has been read. Docker lets a reader ask for whole seconds only, and stops
 * filtering after the first line that passes, so the exact place is found again by stamp and count, per
 * stream.
 */
export interface Cursor {
  readonly streams: readonly [StreamCursor | undefined, StreamCursor | undefined]
  /** The stream of the line that came last in the file; its stamp is where reading resumes. */
  readonly last: StreamIndex
}

/**
 * Unix seconds from which the daemon must be asked to send, `marginS` before the last line; 0 for the whole
 * history.
 */
export function sinceSeconds(cursor: Cursor | undefined, marginS = 0): number {
  const last = cursor?.streams[cursor.last]
  return last === undefined ? 0 : Math.max(0, Math.floor(last.tsMs / 1000) - marginS)
}

/**
 * The text kept in a positions file: `stdout=1700000000.000000001#2 stderr=1699999999.5#1`, the stream that
 * spoke last first. With a peak `stdout=1700000000.000000001#2<1700003600.000000000`.
 */
export function cursorText(cursor: Cursor): string {
  const parts: string[] = []
  for (const index of cursor.last === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const stream = cursor.streams[index]
    if (stream === undefined) continue
    const peak = stream.peak === undefined ? '' : `<${stampText(stream.peak)}`
    parts.push(`${STREAM_NAMES[index]}=${stampText(stream)}#${stream.count}${peak}`)
  }
  return parts.join(' ')
}

function stampText({ tsMs, tsNs }: Stamp): string {
  const seconds = Math.floor(tsMs / 1000)
  const nanoseconds = (tsMs - seconds * 1000) * 1_000_000 + tsNs
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`
}

function parseStamp(seconds: string, fraction: string): Stamp {
  const nanoseconds = Number(fraction)
  return {
    tsMs: Number(seconds) * 1000 + Math.floor(nanoseconds / 1_000_000),
    tsNs: nanoseconds % 1_000_000,
  }
}

const STREAM_TEXT = /^(stdout|stderr)=(-?\d{1,12})\.(\d{9})#(\d{1,15})(?:<(-?\d{1,12})\.(\d{9}))?$/

/**
 * Reads {@link cursorText}, and the plain unix seconds that Alloy writes (resuming at the start of that
 * second). `undefined` for anything else.
 */
export function parseCursor(text: string): Cursor | undefined {
  if (/^\d{1,12}$/.test(text)) {
    if (Number(text) === 0) return undefined
    const start = { tsMs: Number(text) * 1000, tsNs: 0, count: 0 }
    return { streams: [start, start], last: 0 }
  }
  const streams: [StreamCursor | undefined, StreamCursor | undefined] = [undefined, undefined]
  let last: StreamIndex | undefined
  for (const part of text.split(' ')) {
    const match = STREAM_TEXT.exec(part)
    if (match === null) return undefined
    const index: StreamIndex = match[1] === 'stdout' ? 0 : 1
    if (streams[index] !== undefined) return undefined
    const peak = match[5] === undefined ? {} : { peak: parseStamp(match[5], match[6]) }
    streams[index] = { ...parseStamp(match[2], match[3]), count: Number(match[4]), ...peak }
    last ??= index
  }
  return last === undefined ? undefined : { streams, last }
}

/**
 * How the place is found again in a log that is opened again. `by time`: what is later than the last line of
 * its stream is new, even where that line is gone. `exactly`: nothing is new before that very line has come.
 * `anew`: everything is new.
 */
export type Seeking = 'by time' | 'exactly' | 'anew'

/** What has come since the log was opened. */
export interface ReadSoFar {
  /** Whether the line that was the last one has come; what follows it is new. */
  readonly isFound: boolean
  /** Lines taken for known ones. */
  readonly known: number
  /** Lines taken for new ones. */
  readonly taken: number
}

/** Follows the lines of one container and tells new ones from those that a previous reading has taken. */
export interface CursorTracker {
  /** Whether this line, the next one of its stream, is new; moves the cursor when it is. */
  take(stream: StreamIndex, tsMs: number, tsNs: number): boolean
  /** How many lines of the stamp of its last line have been taken from a stream. */
  sameStamp(stream: StreamIndex): number
  /** Where reading stands; `undefined` before the first line. */
  cursor(): Cursor | undefined
  /** Call when the log is opened again: lines up to the cursor will come a second time. */
  rewind(how?: Seeking): void
  /** What has come since. */
  soFar(): ReadSoFar
  /** Whether the clock has been set back, and has not come as far again. */
  readonly isSetBack: boolean
}

/** Whether the line that was taken last has this stamp. */
export function isLastLine(tracker: CursorTracker, { tsMs, tsNs }: Stamp): boolean {
  const cursor = tracker.cursor()
  const last = cursor?.streams[cursor.last]
  return last !== undefined && last.tsMs === tsMs && last.tsNs === tsNs
}

/** A tracker that resumes after `start`. */
export function trackCursor(start: Cursor | undefined): CursorTracker {
  return new Tracker(start)
}

const NEVER = Number.NEGATIVE_INFINITY

class Tracker implements CursorTracker {
  readonly #tsMs = [0, 0]
  readonly #tsNs = [0, 0]
  readonly #count = [-1, -1]
  readonly #peakMs = [NEVER, NEVER]
  readonly #peakNs = [0, 0]
  /** Lines of the last stamp that have yet to come a second time. */
  readonly #toSkip = [0, 0]
  readonly #isSeeking = [false, false]
  #how: Seeking = 'by time'
  #last: StreamIndex
  #isFound = true
  #known = 0
  #taken = 0

  constructor(start: Cursor | undefined) {
    this.#last = start?.last ?? 0
    for (const index of [0, 1]) {
      const stream = start?.streams[index]
      if (stream === undefined) continue
      this.#tsMs[index] = stream.tsMs
      this.#tsNs[index] = stream.tsNs
      this.#count[index] = stream.count
      this.#peakMs[index] = stream.peak?.tsMs ?? NEVER
      this.#peakNs[index] = stream.peak?.tsNs ?? 0
    }
    this.rewind()
  }

  rewind(how: Seeking = 'by time'): void {
    this.#how = how
    this.#isFound = how === 'anew'
    this.#known = 0
    this.#taken = 0
    for (const stream of [0, 1]) {
      this.#toSkip[stream] = this.#count[stream]
      // A stream of which nothing has come yet has nothing but new lines, all of them behind the last one.
      this.#isSeeking[stream] = how === 'exactly' || (how === 'by time' && this.#count[stream] >= 0)
    }
  }

  take(stream: StreamIndex, ms: number, ns: number): boolean {
    if (this.#isSeeking[stream] && !this.#isNew(stream, ms, ns)) {
      this.#known++
      return false
    }
    this.#taken++
    const tsMs = this.#tsMs[stream]
    const tsNs = this.#tsNs[stream]
    if (ms === tsMs && ns === tsNs && this.#count[stream] >= 0) this.#count[stream]++
    else {
      if (this.#count[stream] > 0) this.#notePeak(stream, ms, ns)
      this.#tsMs[stream] = ms
      this.#tsNs[stream] = ns
      this.#count[stream] = 1
    }
    this.#last = stream
    return true
  }

  soFar(): ReadSoFar {
    return { isFound: this.#isFound, known: this.#known, taken: this.#taken }
  }

  sameStamp(stream: StreamIndex): number {
    return this.#count[stream]
  }

  cursor(): Cursor | undefined {
    if (this.#count[0] < 0 && this.#count[1] < 0) return undefined
    return { streams: [this.#streamCursor(0), this.#streamCursor(1)], last: this.#last }
  }

  get isSetBack(): boolean {
    return this.#peakMs[0] !== NEVER || this.#peakMs[1] !== NEVER
  }

  #isNew(stream: StreamIndex, ms: number, ns: number): boolean {
    const order = compareTimestamps(ms, ns, this.#tsMs[stream], this.#tsNs[stream])
    if (order === 0 && this.#toSkip[stream] > 0) {
      // The last one that was taken: whatever follows is new, even when the clock has been set back.
      if (--this.#toSkip[stream] === 0) this.#passed(stream)
      return false
    }
    if (this.#how === 'exactly' || order < 0) return false
    if (order > 0 && compareTimestamps(ms, ns, this.#peakMs[stream], this.#peakNs[stream]) <= 0) return false
    this.#isSeeking[stream] = false
    return true
  }

  #passed(stream: StreamIndex): void {
    this.#isSeeking[stream] = false
    if (stream !== this.#last) return
    // The line that came last of all.
    this.#isFound = true
    this.#isSeeking[1 - stream] = false
  }

  /** Keeps the latest stamp while the lines' stamps are before it. */
  #notePeak(stream: StreamIndex, ms: number, ns: number): void {
    const isBack = compareTimestamps(ms, ns, this.#tsMs[stream], this.#tsNs[stream]) < 0
    if (!isBack && this.#peakMs[stream] === NEVER) return
    const hasPeak = compareTimestamps(ms, ns, this.#peakMs[stream], this.#peakNs[stream]) <= 0
    if (hasPeak) return
    this.#peakMs[stream] = isBack ? this.#tsMs[stream] : NEVER
    this.#peakNs[stream] = isBack ? this.#tsNs[stream] : 0
  }

  #streamCursor(index: StreamIndex): StreamCursor | undefined {
    if (this.#count[index] < 0) return undefined
    const [tsMs, tsNs, count] = [this.#tsMs[index], this.#tsNs[index], this.#count[index]]
    if (this.#peakMs[index] === NEVER) return { tsMs, tsNs, count }
    return { tsMs, tsNs, count, peak: { tsMs: this.#peakMs[index], tsNs: this.#peakNs[index] } }
  }
}
