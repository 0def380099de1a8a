import { type Labels, labelsText } from '#base/labels.ts'

/** A series' identity. One object per label set and place in the query, so that it can key maps. */
export interface SeriesId {
  readonly labels: Labels
  /** `labelsText(labels)`. */
  readonly key: string
}

/** The values of some series at one step; `series[i]` has `values[i]`. */
export interface Vector {
  readonly series: SeriesId[]
  readonly values: number[]
}

/** What an expression is at one step: a scalar, or series. */
export type StepValue = number | Vector

/** Makes series identities, one object per label set. */
export class SeriesTable {
  readonly #byKey = new Map<string, SeriesId>()

  /** The identity of a label set, sorted by name. */
  of(labels: Labels): SeriesId {
    const key = labelsText(labels)
    let id = this.#byKey.get(key)
    if (id === undefined) this.#byKey.set(key, (id = { labels, key }))
    return id
  }
}

/** Orders label sets: pair by pair, name then value, a set that begins another first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [nameA, valueA] = a[i]
    const [nameB, valueB] = b[i]
    if (nameA !== nameB) return nameA < nameB ? -1 : 1
    if (valueA !== valueB) return valueA < valueB ? -1 : 1
  }
  return a.length - b.length
}
