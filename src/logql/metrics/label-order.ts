import { compareLabels, type SeriesId } from './vector.ts'

/** Puts the series of one step after another in the order of their labels. */
export class LabelOrder {
  #sorted: SeriesId[] = []
  readonly #ranks = new Map<SeriesId, number>()

  /** The positions of the series in the order of their labels; equal ones keep theirs. */
  of(series: readonly SeriesId[]): number[] {
    this.#learn(series)
    const at = new Int32Array(this.#sorted.length).fill(-1)
    for (let i = 0; i < series.length; i++) {
      const rank = this.#ranks.get(series[i]) ?? 0
      // The same series twice, as `label_replace` may make them.
      if (at[rank] !== -1) return sortAnew(series)
      at[rank] = i
    }
    const order: number[] = []
    for (const i of at) if (i !== -1) order.push(i)
    return order
  }

  /** Comparing labels is dear: series are sorted when they are new, and the others merged with them. */
  #learn(series: readonly SeriesId[]): void {
    const fresh = series.filter((id) => !this.#ranks.has(id))
    if (fresh.length === 0) return
    if (this.#sorted.length > 2 * series.length) {
      // Most of what is known is gone.
      this.#ranks.clear()
      this.#sorted = [...new Set(series)].sort((a, b) => compareLabels(a.labels, b.labels))
    } else {
      const added = [...new Set(fresh)].sort((a, b) => compareLabels(a.labels, b.labels))
      this.#sorted = merged(this.#sorted, added)
    }
    for (let i = 0; i < this.#sorted.length; i++) this.#ranks.set(this.#sorted[i], i)
  }
}

function sortAnew(series: readonly SeriesId[]): number[] {
  return [...series.keys()].sort((a, b) => compareLabels(series[a].labels, series[b].labels))
}

function merged(a: readonly SeriesId[], b: readonly SeriesId[]): SeriesId[] {
  const all: SeriesId[] = []
  let i = 0
  for (const id of b) {
    while (i < a.length && compareLabels(a[i].labels, id.labels) <= 0) all.push(a[i++])
    all.push(id)
  }
  while (i < a.length) all.push(a[i++])
  return all
}
