import type { Labels } from '#base/labels.ts'
import type { StreamRef } from '#store/types.ts'
import { ERROR_DETAILS_LABEL, ERROR_LABEL } from '../pipeline/names.ts'
import type { Row } from '../pipeline/row.ts'
import type { Grouping } from '../syntax/ast.ts'

/** The labels of a row's series, and a text that is the same for rows of the same series of one stream. */
export interface RowGrouper {
  /** Identifies the series within the row's stream, or within the query where `acrossStreams`. */
  key(row: Row): string
  labels(row: Row): Labels
  readonly acrossStreams: boolean
}

/** Series by the listed labels. A label that was deleted on the line is missing even if it was set again. */
function groupBy(row: Row, labels: readonly string[]): RowGrouper {
  const names = [...new Set(labels)].sort()
  const ids = names.map((name) => row.names.intern(name))
  const labelOf = ({ labels: line }: Row, i: number): string | undefined => {
    if (names[i] === ERROR_LABEL && line.error !== '') return line.error
    if (names[i] === ERROR_DETAILS_LABEL && line.errorDetails !== '') return line.errorDetails
    return line.wasDeleted(ids[i]) ? undefined : line.get(ids[i])
  }
  return {
    acrossStreams: true,
    key: (at) => {
      if (ids.length === 1) return labelOf(at, 0) ?? '\x02'
      let key = ''
      for (let i = 0; i < ids.length; i++) key += `${labelOf(at, i) ?? '\x02'}\0`
      return key
    },
    labels: (at) =>
      names.flatMap((name, i) => {
        const value = labelOf(at, i)
        return value === undefined ? [] : [[name, value] as const]
      }),
  }
}

/** Series by every label but the listed ones. */
function groupWithout(row: Row, labels: readonly string[]): RowGrouper {
  const ids = labels.map((name) => row.names.intern(name))
  const dropErrors = labels.includes(ERROR_LABEL)
  const drop = (at: Row): void => {
    for (const id of ids) at.labels.delete(id)
    if (dropErrors) at.labels.error = ''
  }
  return {
    acrossStreams: false,
    key: (at) => {
      drop(at)
      return at.labels.overlayKey()
    },
    labels: (at) => at.labels.all(),
  }
}

/** How rows are told apart: by listed labels, or by all but some. */
export function makeGrouper(row: Row, grouping: Grouping): RowGrouper {
  return grouping.without ? groupWithout(row, grouping.labels) : groupBy(row, grouping.labels)
}

/** Finds what belongs to a row's series, per stream or across streams. */
export class SeriesLookup<T> {
  readonly #grouper: RowGrouper
  readonly #make: (labels: Labels) => T
  readonly #across = new Map<string, T>()
  readonly #perStream = new Map<StreamRef, Map<string, T>>()

  constructor(grouper: RowGrouper, make: (labels: Labels) => T) {
    this.#grouper = grouper
    this.#make = make
  }

  find(row: Row, stream: StreamRef): T {
    const within = this.#grouper.acrossStreams ? this.#across : this.#ofStream(stream)
    const key = this.#grouper.key(row)
    let found = within.get(key)
    if (found === undefined) within.set(key, (found = this.#make(this.#grouper.labels(row))))
    return found
  }

  /** Forgets everything, so that what was found can be freed. */
  clear(): void {
    this.#across.clear()
    this.#perStream.clear()
  }

  #ofStream(stream: StreamRef): Map<string, T> {
    let found = this.#perStream.get(stream)
    if (found === undefined) this.#perStream.set(stream, (found = new Map()))
    return found
  }
}
