import { compareTimestamps } from '#base/timestamp.ts'
import {
  type LogDecoder,
  type LogDecoderOptions,
  type LogSink,
  PIECE_BYTES,
  withoutReturn,
} from './log-decoder.ts'
import { type LogTime, MAX_STAMP_BYTES, parseLogTime } from './log-time.ts'

const NEWLINE = 0x0a
const TTY_STREAM = 0

/** Options of {@link makeTtyDecoder}. */
export type TtyDecoderOptions = Omit<LogDecoderOptions, 'joinShortFrames'>

/**
 * Decodes the log of a container with a terminal: no frames, everything is standard output, each line starts
 * with its stamp. A line over 16 KiB carries another stamp wherever the engine cut it; those are taken out.
 *
 * What a program wrote last may have no end, and the first line of the next life follows it without a break:
 * `<stamp> $ <stamp> hello`. That a life ends in a line shows by the times: its stamp is of an earlier life,
 * and a later one of the same form stands within it.
 */
export function makeTtyDecoder(sink: LogSink, options: TtyDecoderOptions): LogDecoder {
  const time: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }
  const { startedMs, endedMs = Number.POSITIVE_INFINITY } = options
  // Every piece may bring a stamp of its own.
  const maxRawBytes =
    options.maxLineBytes + MAX_STAMP_BYTES * (2 + Math.ceil(options.maxLineBytes / PIECE_BYTES))
  let carry: Buffer | undefined
  /** Whether the line under way is being skipped for its length. */
  let skipping = false

  const emit = (bytes: Uint8Array, start: number, end: number): void => {
    for (let from = start, to = end; from < end || from === start; from = to, to = end) {
      if (!parseLogTime(bytes, from, end, time)) {
        sink.unreadable(TTY_STREAM)
        return
      }
      const { tsMs, tsNs, contentStart } = time
      // In the life that is under way nothing can follow a line without an end.
      const nextLifeMs = tsMs <= startedMs ? tsMs : endedMs
      if (nextLifeMs < Number.POSITIVE_INFINITY) to = nextLifeIn(bytes, from, end, nextLifeMs)
      const content = withoutReturn(joinPieces(bytes.subarray(contentStart, to), time))
      if (content.length > options.maxLineBytes) sink.tooLong(TTY_STREAM, tsMs, tsNs)
      else sink.line(TTY_STREAM, tsMs, tsNs, content)
    }
  }

  const push = (chunk: Uint8Array): void => {
    const searchedBytes = carry?.length ?? 0
    const bytes = options.blocks.put(carry, chunk)
    let at = 0
    for (let end = bytes.indexOf(NEWLINE, searchedBytes); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      if (!skipping) emit(bytes, at, end)
      skipping = false
      at = end + 1
    }
    carry = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined
    if (carry === undefined || (carry.length <= maxRawBytes && !skipping)) return
    if (!skipping) {
      if (parseLogTime(carry, 0, carry.length, time)) sink.tooLong(TTY_STREAM, time.tsMs, time.tsNs)
      else sink.unreadable(TTY_STREAM)
    }
    skipping = true
    carry = undefined
  }

  return {
    push,
    finish() {
      if (carry !== undefined && !skipping) emit(carry, 0, carry.length)
      carry = undefined
    },
  }
}

const T = 0x54
/** Where the `T` of a stamp stands. */
const DATE_BYTES = 10
const own: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }
const found: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }

/**
 * Where the next life's first line begins within the line from `start`: at a later stamp of the form of its
 * own, of `nextLifeMs` or after; `end` where there is none.
 */
function nextLifeIn(bytes: Uint8Array, start: number, end: number, nextLifeMs: number): number {
  parseLogTime(bytes, start, end, own)
  const stampBytes = own.contentStart - start
  const first = own.contentStart + DATE_BYTES
  for (let at = bytes.indexOf(T, first); at >= 0 && at < end; at = bytes.indexOf(T, at + 1)) {
    const from = at - DATE_BYTES
    if (!parseLogTime(bytes, from, end, found) || found.contentStart - from !== stampBytes) continue
    if (found.tsMs < nextLifeMs) continue
    if (compareTimestamps(found.tsMs, found.tsNs, own.tsMs, own.tsNs) > 0) return from
  }
  return end
}

/** Takes out the stamps at the places where the engine cut a long line. */
function joinPieces(content: Uint8Array, time: LogTime): Uint8Array {
  if (content.length <= PIECE_BYTES) return content
  const pieces: Uint8Array[] = []
  let at = 0
  while (content.length - at > PIECE_BYTES) {
    const cut = at + PIECE_BYTES
    pieces.push(content.subarray(at, cut))
    at = parseLogTime(content, cut, content.length, time) ? time.contentStart : cut
  }
  pieces.push(content.subarray(at))
  return Buffer.concat(pieces)
}
