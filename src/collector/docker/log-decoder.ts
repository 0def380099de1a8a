import type { StreamIndex } from './cursor.ts'
import type { LineBlocks } from './line-blocks.ts'
import { type LogTime, parseLogTime } from './log-time.ts'

/** What a {@link LogDecoder} tells its owner, in the order of the log. */
export interface LogSink {
  /** One line without its newline; `bytes` lies in the decoder's blocks. May be empty. */
  line(stream: StreamIndex, tsMs: number, tsNs: number, bytes: Uint8Array): void
  /** A line of more than the allowed bytes came and was left out. */
  tooLong(stream: StreamIndex, tsMs: number, tsNs: number): void
  /** A line without a stamp came and was left out. */
  unreadable(stream: StreamIndex): void
  /** The daemon reports an error instead of more log. */
  daemonError(message: string): void
}

/** Options of {@link makeFrameDecoder} and `makeTtyDecoder`. */
export interface LogDecoderOptions {
  /** Longest line passed on, in bytes; longer ones are counted and skipped. */
  readonly maxLineBytes: number
  /**
   * Whether every frame without a newline continues in the next one, as Podman sends. Docker cuts at 16 KiB
   * exactly, and a shorter frame without a newline is the last word of a process.
   */
  readonly joinShortFrames: boolean
  /** Where lines are kept. */
  readonly blocks: LineBlocks
  /** When the container's latest life began, in milliseconds since the epoch. */
  readonly startedMs: number
  /** When that life ended; `undefined` while it lasts. */
  readonly endedMs?: number
}

/** Turns the bytes of a `logs` response into lines, wherever the reads cut them. */
export interface LogDecoder {
  /** Takes the next bytes. They are copied: the caller may reuse its buffer. */
  push(chunk: Uint8Array): void
  /**
   * Passes on lines whose end has not come; call when the container has stopped and its log is read to the
   * end.
   */
  finish(): void
}

/** The size at which the engine cuts a long line into pieces. */
export const PIECE_BYTES = 16_384

const HEADER_BYTES = 8
const STDERR = 2
const DAEMON_ERROR = 3
const NEWLINE = 0x0a
const RETURN = 0x0d
/** Room for the stamp in front of a piece. */
const STAMP_BYTES = 64

/** A line whose pieces are still coming. All of them carry the stamp of the first. */
interface OpenLine {
  readonly tsMs: number
  readonly tsNs: number
  sizeBytes: number
  tooLong: boolean
  readonly pieces: Uint8Array[]
}

/** The end of a line that came in several pieces. */
interface Piece {
  readonly tsMs: number
  readonly tsNs: number
  readonly bytes: Buffer
}

/**
 * Decodes the multiplexed form: an 8-byte header (stream, three zeros, big-endian length), then a stamp, a
 * space and the line. Pieces of a line over 16 KiB each carry a stamp of their own, of which only the first
 * is kept.
 */
export function makeFrameDecoder(sink: LogSink, options: LogDecoderOptions): LogDecoder {
  return new FrameDecoder(sink, options)
}

class FrameDecoder implements LogDecoder {
  readonly #sink: LogSink
  readonly #options: LogDecoderOptions
  readonly #time: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }
  readonly #open: [OpenLine | undefined, OpenLine | undefined] = [undefined, undefined]
  /** Per stream the piece that completed a line last. */
  readonly #lastPiece: [Piece | undefined, Piece | undefined] = [undefined, undefined]
  #carry: Uint8Array | undefined
  #skipBytes = 0

  constructor(sink: LogSink, options: LogDecoderOptions) {
    this.#sink = sink
    this.#options = options
  }

  push(chunk: Uint8Array): void {
    let bytes: Uint8Array = this.#options.blocks.put(this.#carry, chunk)
    this.#carry = undefined
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, bytes.length)
      this.#skipBytes -= skipped
      bytes = bytes.subarray(skipped)
    }
    let at = 0
    while (bytes.length - at >= HEADER_BYTES) {
      const size = bytes[at + 4] * 0x1000000 + (bytes[at + 5] << 16) + (bytes[at + 6] << 8) + bytes[at + 7]
      const end = at + HEADER_BYTES + size
      if (end > bytes.length) {
        if (size <= this.#options.maxLineBytes + STAMP_BYTES) break
        this.#skipHugeFrame(bytes, at, size)
        return
      }
      this.#frame(bytes[at], bytes, at + HEADER_BYTES, end)
      at = end
    }
    if (at < bytes.length) this.#carry = Buffer.from(bytes.subarray(at))
  }

  finish(): void {
    this.#closeLine(0)
    this.#closeLine(1)
  }

  #frame(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === DAEMON_ERROR) {
      this.#sink.daemonError(Buffer.from(bytes.subarray(start, end)).toString().trim())
      return
    }
    const time = this.#time
    const stream: StreamIndex = type === STDERR ? 1 : 0
    const ended = end > start && bytes[end - 1] === NEWLINE
    const to = ended ? end - 1 : end
    if (!parseLogTime(bytes, start, to, time)) {
      this.#sink.unreadable(stream)
      return
    }
    const from = time.contentStart
    if (!this.#options.joinShortFrames) {
      // Having changed over to a new file, an engine sends the first piece in it twice (seen with 20.10).
      const last = this.#lastPiece[stream]
      if (this.#isStampOf(last) && last?.bytes.equals(bytes.subarray(from, to))) return
      if (this.#isOtherLife(this.#open[stream])) this.#closeLine(stream)
      this.#closeEarlierLife(stream === 0 ? 1 : 0)
    }
    const whole = ended || !(this.#options.joinShortFrames || to - from >= PIECE_BYTES)
    if (!whole || this.#open[stream] !== undefined) this.#addPiece(stream, bytes.subarray(from, to), whole)
    else if (to - from > this.#options.maxLineBytes) this.#sink.tooLong(stream, time.tsMs, time.tsNs)
    else this.#sink.line(stream, time.tsMs, time.tsNs, withoutReturn(bytes.subarray(from, to)))
  }

  /**
   * Another stamp, another line: the program that wrote the first one was killed over it. Where it goes on
   * living it was the engine that was, and its next one has sent the rest of the line.
   */
  #isOtherLife(open: OpenLine | undefined): boolean {
    if (open === undefined || this.#isStampOf(open)) return false
    const { startedMs, endedMs = Number.POSITIVE_INFINITY } = this.#options
    return open.tsMs <= startedMs || this.#time.tsMs >= endedMs
  }

  /** What an earlier life left open does not go on once a line of the latest one has come. */
  #closeEarlierLife(stream: StreamIndex): void {
    const { startedMs } = this.#options
    const open = this.#open[stream]
    if (open !== undefined && open.tsMs < startedMs && this.#time.tsMs >= startedMs) this.#closeLine(stream)
  }

  /** Whether this has the stamp that has just been read. */
  #isStampOf(other: { readonly tsMs: number; readonly tsNs: number } | undefined): boolean {
    return other !== undefined && other.tsMs === this.#time.tsMs && other.tsNs === this.#time.tsNs
  }

  #addPiece(stream: StreamIndex, piece: Uint8Array, whole: boolean): void {
    const { tsMs, tsNs } = this.#time
    const line = this.#open[stream] ?? { tsMs, tsNs, sizeBytes: 0, tooLong: false, pieces: [] }
    this.#open[stream] = line
    line.sizeBytes += piece.length
    if (line.sizeBytes > this.#options.maxLineBytes) {
      line.tooLong = true
      line.pieces.length = 0
    } else line.pieces.push(Buffer.from(piece))
    if (!whole) return
    this.#lastPiece[stream] = { tsMs, tsNs, bytes: Buffer.from(piece) }
    this.#closeLine(stream)
  }

  #closeLine(stream: StreamIndex): void {
    const line = this.#open[stream]
    if (line === undefined) return
    this.#open[stream] = undefined
    if (line.tooLong) this.#sink.tooLong(stream, line.tsMs, line.tsNs)
    else {
      const bytes = Buffer.concat(line.pieces, line.sizeBytes)
      this.#sink.line(stream, line.tsMs, line.tsNs, withoutReturn(bytes))
    }
  }

  /** A frame that could never become a line is passed over without holding its bytes. */
  #skipHugeFrame(bytes: Uint8Array, at: number, size: number): void {
    const stream: StreamIndex = bytes[at] === STDERR ? 1 : 0
    const start = at + HEADER_BYTES
    if (bytes.length < start + STAMP_BYTES) {
      this.#carry = Buffer.from(bytes.subarray(at))
      return
    }
    this.#closeLine(stream)
    const time = this.#time
    if (parseLogTime(bytes, start, start + STAMP_BYTES, time))
      this.#sink.tooLong(stream, time.tsMs, time.tsNs)
    else this.#sink.unreadable(stream)
    this.#skipBytes = start + size - bytes.length
  }
}

/** Programs that write Windows line ends, and terminals, put a carriage return before the newline. */
export function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === RETURN ? bytes.subarray(0, -1) : bytes
}
