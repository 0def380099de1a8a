import type { Accumulation } from './accumulators.ts'

/**
 * The panes of one series that lie in the current window, oldest first, and their joint accumulator. Windows
 * only move forward. Joining uses the two-stack queue: each pane is merged a constant number of times however
 * long the window is, and nothing is ever subtracted, so sums do not drift.
 */
export class SlidingWindow<A> {
  readonly #accumulation: Accumulation<A>
  readonly #collects: boolean
  readonly #panes: number[] = []
  readonly #accs: A[] = []
  /** Panes before this position have left the window. */
  #head = 0
  /** Panes in [head, split) have in `joined` the join of themselves and all up to the split. */
  #split = 0
  readonly #joined: A[] = []
  #back: A | undefined

  constructor(accumulation: Accumulation<A>, collects: boolean) {
    this.#accumulation = accumulation
    this.#collects = collects
  }

  get isEmpty(): boolean {
    return this.#head === this.#panes.length
  }

  /** Appends a pane newer than all before. */
  push(pane: number, acc: A): void {
    this.#panes.push(pane)
    this.#accs.push(acc)
    if (this.#collects) return
    this.#back = this.#back === undefined ? acc : this.#accumulation.merge(this.#back, acc)
  }

  /** Lets go of panes older than `firstPane`. */
  dropBefore(firstPane: number): void {
    while (this.#head < this.#panes.length && this.#panes[this.#head] < firstPane) {
      if (!this.#collects && this.#head === this.#split) this.#turnOver()
      this.#head++
    }
    if (this.#head > 64 && this.#head * 2 > this.#panes.length) this.#compact()
  }

  /** The join of every pane in the window; undefined when it is empty. */
  join(): A | undefined {
    if (this.isEmpty) return undefined
    if (this.#collects) return this.#collect()
    if (this.#head === this.#split) return this.#back
    const front = this.#joined[this.#head]
    return this.#back === undefined ? front : this.#accumulation.merge(front, this.#back)
  }

  /** About how much memory the window's accumulators take, bytes. */
  get sizeBytes(): number {
    const { sizeBytes } = this.#accumulation
    if (sizeBytes === undefined) return 0
    let sum = 0
    for (let i = this.#head; i < this.#accs.length; i++) sum += sizeBytes(this.#accs[i])
    return sum
  }

  #collect(): A {
    const { mergeAll } = this.#accumulation
    if (mergeAll !== undefined) return mergeAll(this.#accs.slice(this.#head))
    let joined = this.#accs[this.#head]
    for (let i = this.#head + 1; i < this.#accs.length; i++)
      joined = this.#accumulation.merge(joined, this.#accs[i])
    return joined
  }

  /** Makes the newest panes the front stack. */
  #turnOver(): void {
    let joined: A | undefined
    for (let i = this.#accs.length - 1; i >= this.#head; i--) {
      joined = joined === undefined ? this.#accs[i] : this.#accumulation.merge(this.#accs[i], joined)
      this.#joined[i] = joined
    }
    this.#split = this.#accs.length
    this.#back = undefined
  }

  #compact(): void {
    this.#panes.splice(0, this.#head)
    this.#accs.splice(0, this.#head)
    this.#joined.splice(0, this.#head)
    this.#split = Math.max(0, this.#split - this.#head)
    this.#head = 0
  }
}
