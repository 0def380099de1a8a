/**
 * The ids of a segment's streams, by their number in the segment: runs of neighbours, since the streams of a
 * host stay mostly the same and get their ids in the order in which segments list them. A segment of three
 * hundred streams takes some bytes, not kilobytes, however many segments there are.
 */
export class StreamIds {
  /** How many streams there are. */
  readonly size: number
  /** Per run: its first id, and the number of the stream that has it; one more number for the end. */
  readonly #from: Uint32Array
  readonly #number: Uint32Array
  /** The runs by ascending id; undefined where they lie so. */
  readonly #byId: Uint32Array | undefined

  private constructor(from: Uint32Array, number: Uint32Array) {
    this.#from = from
    this.#number = number
    this.size = number[number.length - 1]
    const isAscending = from.every((id, run) => run === 0 || id > from[run - 1])
    this.#byId = isAscending ? undefined : Uint32Array.from(from.keys()).sort((a, b) => from[a] - from[b])
  }

  /** `ids` by number. */
  static of(ids: Iterable<number>): StreamIds {
    return StreamIds.ofRuns(runsOf(ids))
  }

  /** As {@link runsOf} gives them; `firstId` is added to each id. */
  static ofRuns(runs: readonly number[], firstId = 0): StreamIds {
    const from = new Uint32Array(runs.length / 2)
    const number = new Uint32Array(from.length + 1)
    for (let run = 0; run < from.length; run++) {
      from[run] = firstId + runs[2 * run]
      number[run + 1] = number[run] + runs[2 * run + 1]
    }
    return new StreamIds(from, number)
  }

  /** The number of the stream with this id; −1 where the segment does not have it. */
  numberOf(id: number): number {
    let low = 0
    let high = this.#from.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#from[this.#run(middle)] <= id) low = middle + 1
      else high = middle
    }
    if (low === 0) return -1
    const run = this.#run(low - 1)
    const number = this.#number[run] + id - this.#from[run]
    return number < this.#number[run + 1] ? number : -1
  }

  /** The ids by number. */
  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let run = 0; run < this.#from.length; run++) {
      const count = this.#number[run + 1] - this.#number[run]
      for (let i = 0; i < count; i++) yield this.#from[run] + i
    }
  }

  #run(place: number): number {
    return this.#byId === undefined ? place : this.#byId[place]
  }
}

/** Numbers as runs of neighbours: pairs of the first of them, and how many follow one another. */
export function runsOf(ids: Iterable<number>): number[] {
  const runs: number[] = []
  let next = -1
  for (const id of ids) {
    if (id === next) runs[runs.length - 1]++
    else runs.push(id, 1)
    next = id + 1
  }
  return runs
}
