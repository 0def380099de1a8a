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

/** Unix seconds from which the daemon must be asked to send; 0 for the whole history. */
export function sinceSeconds(cursor: Cursor | undefined): number {
  const last = cursor?.streams[cursor.last]
  return last === undefined ? 0 : Math.floor(last.tsMs / 1000)
}

/**
 * The text kept in a positions file: `stdout=1700000000.000000001#2 stderr=1699999999.5#1`, the stream that
 * spoke last first.
 */
export function cursorText(cursor: Cursor): string {
  const parts: string[] = []
  for (const index of cursor.last === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const stream = cursor.streams[index]
    if (stream === undefined) continue
    const seconds = Math.floor(stream.tsMs / 1000)
    const nanoseconds = (stream.tsMs - seconds * 1000) * 1_000_000 + stream.tsNs
    parts.push(`${STREAM_NAMES[index]}=${seconds}.${String(nanoseconds).padStart(9, '0')}#${stream.count}`)
  }
  return parts.join(' ')
}

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
    const match = /^(stdout|stderr)=(-?\d{1,12})\.(\d{9})#(\d{1,15})$/.exec(part)
    if (match === null) return undefined
    const index: StreamIndex = match[1] === 'stdout' ? 0 : 1
    if (streams[index] !== undefined) return undefined
    const nanoseconds = Number(match[3])
    streams[index] = {
      tsMs: Number(match[2]) * 1000 + Math.floor(nanoseconds / 1_000_000),
      tsNs: nanoseconds % 1_000_000,
      count: Number(match[4]),
    }
    last ??= index
  }
  return last === undefined ? undefined : { streams, last }
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
  rewind(): void
}

/** A tracker that resumes after `start`. */
export function trackCursor(start: Cursor | undefined): CursorTracker {
  const tsMs = [0, 0]
  const tsNs = [0, 0]
  const count = [-1, -1]
  const toSkip = [-1, -1]
  let last: StreamIndex = start?.last ?? 0
  start?.streams.forEach((stream, index) => {
    if (stream === undefined) return
    tsMs[index] = stream.tsMs
    tsNs[index] = stream.tsNs
    count[index] = stream.count
  })
  const rewind = (): void => {
    toSkip[0] = count[0]
    toSkip[1] = count[1]
  }
  rewind()
  const take = (stream: StreamIndex, ms: number, ns: number): boolean => {
    const known = count[stream] >= 0
    if (known && toSkip[stream] >= 0) {
      const order = compareTimestamps(ms, ns, tsMs[stream], tsNs[stream])
      if (order < 0) return false
      if (order === 0 && toSkip[stream] > 0) {
        // The last one that was taken: whatever follows is new, even when the clock has been set back
        // meanwhile.
        if (--toSkip[stream] === 0) toSkip[stream] = -1
        return false
      }
      toSkip[stream] = -1
    }
    if (known && ms === tsMs[stream] && ns === tsNs[stream]) count[stream]++
    else {
      tsMs[stream] = ms
      tsNs[stream] = ns
      count[stream] = 1
    }
    last = stream
    return true
  }
  const streamCursor = (index: StreamIndex): StreamCursor | undefined =>
    count[index] < 0 ? undefined : { tsMs: tsMs[index], tsNs: tsNs[index], count: count[index] }
  return {
    take,
    rewind,
    sameStamp: (stream) => count[stream],
    cursor: () =>
      count[0] < 0 && count[1] < 0 ? undefined : { streams: [streamCursor(0), streamCursor(1)], last },
  }
}
