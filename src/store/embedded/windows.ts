import type { Direction } from '../types.ts'

/** A piece of a stream's rows, as far as planning goes. Times are whole milliseconds, both ends inclusive. */
export interface Span {
  readonly minMs: number
  readonly maxMs: number
  /** What reading all of it costs, in rows or the like. */
  readonly cost: number
}

/** A window of time and what lies in it. */
export interface PlannedWindow<S extends Span> {
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
  /** The spans that may have rows in the window, in the order they were given. */
  readonly spans: S[]
}

/**
 * Cuts time into windows that follow one another in the direction of a scan. A window's size is chosen so
 * that the spans in it cost about as much as wanted, taking each span's rows as spread evenly over its time.
 */
export class WindowPlanner<S extends Span> {
  readonly #sign: 1 | -1
  readonly #endX: number
  #x: number
  /** Spans by where they begin, and where they end, in the direction of the scan. */
  readonly #starts: S[]
  readonly #ends: number[]
  readonly #endRates: Float64Array
  #started = 0
  #ended = 0
  #rate = 0
  /** Spans that have begun and not ended before `#x`, with their place in the order given. */
  #active: { readonly span: S; readonly order: number }[] = []
  readonly #order: Map<S, number>

  /** Time from `fromMs` inclusive to `toMs` exclusive. */
  constructor(spans: readonly S[], fromMs: number, toMs: number, direction: Direction) {
    // In the coordinate x time always grows: it is the millisecond, negated for a backward scan.
    this.#sign = direction === 'forward' ? 1 : -1
    this.#x = direction === 'forward' ? fromMs : -(toMs - 1)
    this.#endX = direction === 'forward' ? toMs : -(fromMs - 1)
    const inRange = spans.filter((span) => span.minMs < toMs && span.maxMs >= fromMs)
    this.#order = new Map(inRange.map((span, i) => [span, i]))
    this.#starts = [...inRange].sort((a, b) => this.#low(a) - this.#low(b))
    const byEnd = [...inRange].sort((a, b) => this.#high(a) - this.#high(b))
    this.#ends = byEnd.map((span) => this.#high(span) + 1)
    this.#endRates = Float64Array.from(byEnd, rateOf)
  }

  /** The next window that costs about `cost`; undefined at the end. Time without spans is passed over. */
  next(cost: number): PlannedWindow<S> | undefined {
    const fromX = this.#skipEmpty()
    if (fromX >= this.#endX || (this.#active.length === 0 && this.#started === this.#starts.length))
      return undefined
    const toX = Math.min(this.#endX, Math.max(fromX + 1, Math.ceil(this.#sweep(fromX, cost))))
    this.#admit(toX)
    const spans = [...this.#active].sort((a, b) => a.order - b.order).map(({ span }) => span)
    this.#active = this.#active.filter(({ span }) => this.#high(span) >= toX)
    this.#x = toX
    if (this.#sign === 1) return { fromMs: fromX, toMs: toX, spans }
    return { fromMs: 1 - toX, toMs: 1 - fromX, spans }
  }

  #low(span: S): number {
    return this.#sign === 1 ? span.minMs : -span.maxMs
  }

  #high(span: S): number {
    return this.#sign === 1 ? span.maxMs : -span.minMs
  }

  #skipEmpty(): number {
    if (this.#active.length > 0 || this.#started === this.#starts.length) return this.#x
    return Math.max(this.#x, this.#low(this.#starts[this.#started]))
  }

  /** Adds the spans that begin before `x` to the active ones. */
  #admit(x: number): void {
    for (; this.#started < this.#starts.length; this.#started++) {
      const span = this.#starts[this.#started]
      if (this.#low(span) >= x) return
      this.#active.push({ span, order: this.#order.get(span) ?? 0 })
      this.#rate += rateOf(span)
    }
  }

  /** Walks on from `x` over beginnings and ends of spans until `cost` is reached; returns where. */
  #sweep(x: number, cost: number): number {
    let left = cost
    while (x < this.#endX) {
      this.#admit(x + 1)
      this.#passEnds(x)
      const nextStart =
        this.#started < this.#starts.length ? this.#low(this.#starts[this.#started]) : Infinity
      const nextEnd = this.#ended < this.#ends.length ? this.#ends[this.#ended] : Infinity
      const next = Math.min(nextStart, nextEnd, this.#endX)
      const rate = Math.max(this.#rate, 0)
      if (rate * (next - x) >= left) return x + left / rate
      left -= rate * (next - x)
      x = next
    }
    return this.#endX
  }

  #passEnds(x: number): void {
    while (this.#ended < this.#ends.length && this.#ends[this.#ended] <= x) {
      this.#rate -= this.#endRates[this.#ended++]
    }
  }
}

function rateOf(span: Span): number {
  return span.cost / (span.maxMs - span.minMs + 1)
}
