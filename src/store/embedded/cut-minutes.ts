import type { CountedTime } from '../types.ts'
import { minuteOf } from './counter-table.ts'
import type { MinuteRange } from './grouped-counters.ts'

const MINUTE_MS = 60_000

/** Rows of the cut minute at the span's start that lie in the span, or outside of it. */
const START_INSIDE = 1
const START_OUTSIDE = 2
/** The same for the cut minute at the span's end. */
const END_INSIDE = 4
const END_OUTSIDE = 8
const START = START_INSIDE | START_OUTSIDE
const END = END_INSIDE | END_OUTSIDE

/**
 * A span of time, from exclusive, to inclusive, as minutes: those that lie in it as a whole, and up to two
 * that it cuts. Where all rows of a cut minute are known to lie in the span, its counters hold for it, too.
 */
export class CutMinutes {
  readonly #fromMs: number
  readonly #fromNs: number
  readonly #toMs: number
  readonly #toNs: number
  /** Whole minutes [first, end). The cut ones are those just before and just behind. */
  readonly #first: number
  readonly #end: number
  readonly #cutsStart: boolean
  readonly #cutsEnd: boolean
  /** By whether the cut minute at the start, and that at the end, are taken as a whole. */
  readonly #ranges: readonly MinuteRange[]

  constructor({ fromMs, fromNs = 0, toMs, toNs = 0 }: CountedTime) {
    this.#fromMs = fromMs
    this.#fromNs = fromNs
    this.#toMs = toMs
    this.#toNs = toNs
    const isEmpty = toMs < fromMs || (toMs === fromMs && toNs <= fromNs)
    const firstTouched = Math.floor(fromMs / MINUTE_MS)
    const lastTouched = minuteOf(toMs, toNs)
    const startsCut = fromMs !== firstTouched * MINUTE_MS || fromNs > 0
    const endsCut = toMs !== (lastTouched + 1) * MINUTE_MS || toNs > 0
    const isOne = firstTouched === lastTouched
    this.#cutsStart = !isEmpty && (startsCut || (isOne && endsCut))
    this.#cutsEnd = !isEmpty && endsCut && !isOne
    this.#first = this.#cutsStart ? firstTouched + 1 : firstTouched
    this.#end = isEmpty ? this.#first : Math.max(this.#first, this.#cutsEnd ? lastTouched : lastTouched + 1)
    const [first, end] = [this.#first, this.#end]
    this.#ranges = [0, 1, 2, 3].map((taken) => ({ first: first - (taken & 1), end: end + (taken >>> 1) }))
  }

  /** Whether any minute is cut. */
  get isCut(): boolean {
    return this.#cutsStart || this.#cutsEnd
  }

  /** Whether rows of these times, both ends inclusive, may lie in the span. */
  mayHold(minMs: number, maxMs: number): boolean {
    return minMs <= this.#toMs && maxMs >= this.#fromMs
  }

  /**
   * What rows of these times, milliseconds, both ends inclusive, may be in cut minutes: marks that are put
   * together with `|`.
   */
  marks(minMs: number, maxMs: number): number {
    let marks = 0
    if (this.#cutsStart) marks |= this.#marksIn(this.#first - 1, minMs, maxMs)
    if (this.#cutsEnd) marks |= this.#marksIn(this.#end, minMs, maxMs) << 2
    return marks
  }

  #marksIn(minute: number, minMs: number, maxMs: number): number {
    const low = Math.max(minMs, minute * MINUTE_MS)
    const high = Math.min(maxMs, (minute + 1) * MINUTE_MS)
    if (low > high) return 0
    const hasOutside = low <= this.#fromMs || high >= this.#toMs
    const hasInside = high >= this.#fromMs && low <= this.#toMs
    return (hasInside ? START_INSIDE : 0) | (hasOutside ? START_OUTSIDE : 0)
  }

  /** The minutes whose counters hold for rows with these marks: cut ones, too, where all rows lie inside. */
  countable(marks: number): MinuteRange {
    const takesStart = (marks & START) === START_INSIDE ? 1 : 0
    const takesEnd = (marks & END) === END_INSIDE ? 2 : 0
    return this.#ranges[takesStart | takesEnd]
  }

  /** Whether rows of these times may lie on both sides of a cut, so that it takes a closer look. */
  isAcross({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): boolean {
    return this.areAcross(this.marks(minMs, maxMs))
  }

  /** Whether rows with these marks may lie on both sides of a cut, and so are to be looked at one by one. */
  areAcross(marks: number): boolean {
    return (marks & START) === START || (marks & END) === END
  }

  /** Whether a row of a stream with these marks lies in the span, and is not told by counters. */
  isMissing(marks: number, ms: number, ns: number): boolean {
    if (ms < this.#fromMs || (ms === this.#fromMs && ns <= this.#fromNs)) return false
    if (ms > this.#toMs || (ms === this.#toMs && ns > this.#toNs)) return false
    const minute = minuteOf(ms, ns)
    if (this.#cutsStart && minute === this.#first - 1) return (marks & START) === START
    return this.#cutsEnd && minute === this.#end && (marks & END) === END
  }
}
