import type { LinePredicate, RowBatch } from '#store/types.ts'
import { type FieldNeedle, needlesFor } from './field-needles.ts'
import { asBuffer } from './row.ts'

/** What {@link filterRows} checks; the predicates are those of the scan, whose bits tell which are done. */
export interface RowConditions {
  readonly predicates: readonly LinePredicate[]
  readonly fieldNeedles: readonly FieldNeedle[]
}

/**
 * The rows of a batch that meet every predicate, in their order. Searches the batch's bytes as a whole, so
 * that a needle that is rare costs one pass over the buffer and not one call per line.
 */
export function filterRows(batch: RowBatch, { predicates, fieldNeedles }: RowConditions): Uint32Array {
  let { rows } = batch
  for (const [i, predicate] of predicates.entries()) {
    const applied = i < 32 && (batch.linesApplied & (1 << i)) !== 0
    if (!applied) rows = applyPredicate(batch, rows, predicate)
  }
  if (fieldNeedles.length > 0) {
    for (const predicate of needlesFor(batch, fieldNeedles)) rows = applyPredicate(batch, rows, predicate)
  }
  return rows
}

function applyPredicate(batch: RowBatch, rows: Uint32Array, { kind, needles }: LinePredicate): Uint32Array {
  const searches = needles.map((needle) => new NeedleSearch(asBuffer(batch.bytes), needle))
  const { lineFrom, lineTo } = batch
  const wanted = kind === 'contains'
  const kept = new Uint8Array(rows.length)
  let count = 0
  // Ascending through the bytes, whichever way the rows run.
  const descending = rows.length > 1 && lineFrom[rows[0]] > lineFrom[rows[rows.length - 1]]
  for (let step = 0; step < rows.length; step++) {
    const i = descending ? rows.length - 1 - step : step
    const row = rows[i]
    let found = false
    for (const search of searches) {
      if (search.isIn(lineFrom[row], lineTo[row])) {
        found = true
        break
      }
    }
    if (found === wanted) {
      kept[i] = 1
      count++
    }
  }
  const out = new Uint32Array(count)
  let at = 0
  for (let i = 0; i < rows.length; i++) if (kept[i] === 1) out[at++] = rows[i]
  return out
}

/**
 * Finds one needle in ranges of one buffer; remembers how far it has looked, which makes ascending ranges
 * cheap.
 */
class NeedleSearch {
  readonly #bytes: Buffer
  readonly #needle: Uint8Array
  /** No occurrence begins in [searchedFrom, hit). */
  #searchedFrom = 0
  #hit = -1

  constructor(bytes: Buffer, needle: Uint8Array) {
    this.#bytes = bytes
    this.#needle = needle
  }

  isIn(from: number, to: number): boolean {
    if (from < this.#searchedFrom) return this.#bytes.subarray(from, to).indexOf(this.#needle) !== -1
    if (from > this.#hit) {
      this.#searchedFrom = from
      const hit = this.#bytes.indexOf(this.#needle, from)
      this.#hit = hit === -1 ? this.#bytes.length : hit
    }
    return this.#hit + this.#needle.length <= to
  }
}
