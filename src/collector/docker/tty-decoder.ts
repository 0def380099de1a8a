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

/**
 * Decodes the log of a container with a terminal: no frames, everything is standard output, each line starts
 * with its stamp. A line over 16 KiB carries another stamp wherever the engine cut it; those are taken out.
 */
export function makeTtyDecoder(
  sink: LogSink,
  options: Pick<LogDecoderOptions, 'maxLineBytes' | 'blocks'>,
): LogDecoder {
  const time: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }
  // Every piece may bring a stamp of its own.
  const maxRawBytes =
    options.maxLineBytes + MAX_STAMP_BYTES * (2 + Math.ceil(options.maxLineBytes / PIECE_BYTES))
  let carry: Buffer | undefined
  /** Whether the line under way is being skipped for its length. */
  let skipping = false

  const emit = (bytes: Uint8Array, start: number, end: number): void => {
    if (!parseLogTime(bytes, start, end, time)) {
      sink.unreadable(TTY_STREAM)
      return
    }
    const { tsMs, tsNs } = time
    const content = withoutReturn(joinPieces(bytes.subarray(time.contentStart, end), time))
    if (content.length > options.maxLineBytes) sink.tooLong(TTY_STREAM, tsMs, tsNs)
    else sink.line(TTY_STREAM, tsMs, tsNs, content)
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
