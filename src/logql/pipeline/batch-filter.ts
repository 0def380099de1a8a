import type { FieldNeedle, LinePredicate, Lines, RowBatch } from '#store/types.ts'
import type { CompiledFields } from './compile.ts'
import { needlesFor } from './field-needles.ts'
import type { FoldedNeedle } from './folded-needle.ts'
import { asBuffer } from './row.ts'
import { testFields } from './test-fields.ts'

/** What {@link filterRows} checks; the predicates are those of the scan, whose bits tell which are done. */
export interface RowConditions {
  readonly predicates: readonly LinePredicate[]
  readonly fieldNeedles: readonly FieldNeedle[]
  readonly foldedNeedles: readonly FoldedNeedle[]
  readonly fields: CompiledFields | undefined
}

/**
 * The rows of a batch that may get through the pipeline, in their order: those that meet every predicate, and
 * whose fields pass the filters as far as columns tell. Searches the batch's bytes as a whole, so
 * that a needle that is rare costs one pass over the buffer and not one call per line.
 */
export function filterRows(batch: RowBatch, conditions: RowConditions): Uint32Array {
  const { fieldNeedles, foldedNeedles, fields } = conditions
  let rows = applyPredicates(batch, conditions.predicates)
  const tested = fields && testFields(batch, rows, fields)
  if (tested !== undefined) rows = tested.mayPass
  else if (fieldNeedles.length > 0) {
    for (const predicate of needlesFor(batch, fieldNeedles)) rows = applyPredicate(batch, rows, predicate)
  }
  return applyFolded(batch, rows, foldedNeedles)
}

/** The rows of a batch that meet every predicate, in their order. */
export function applyPredicates(batch: RowBatch, predicates: readonly LinePredicate[]): Uint32Array {
  let { rows } = batch
  for (const [i, predicate] of predicates.entries()) {
    const applied = i < 32 && (batch.linesApplied & (1 << i)) !== 0
    if (!applied) rows = applyPredicate(batch, rows, predicate)
  }
  return rows
}

/** Of these rows, those whose line has every one of the texts, in any case. */
export function applyFolded(
  batch: RowBatch,
  wanted: Uint32Array,
  foldedNeedles: readonly FoldedNeedle[],
): Uint32Array {
  let rows = wanted
  for (const needle of foldedNeedles) {
    if (rows.length === 0) break
    const lines = batch.lines(rows)
    const search = new NeedleSearch(needle.length, endOf(lines, rows), (from, to) =>
      needle.indexIn(lines.bytes, from, to),
    )
    rows = keepRows(lines, rows, [search], true)
  }
  return rows
}

/** Where the last line ends that the rows have: a search need not go beyond it. */
function endOf({ lineTo }: Lines, rows: Uint32Array): number {
  if (rows.length === 0) return 0
  return Math.max(lineTo[rows[0]], lineTo[rows[rows.length - 1]])
}

function applyPredicate(batch: RowBatch, rows: Uint32Array, { kind, needles }: LinePredicate): Uint32Array {
  if (rows.length === 0) return rows
  const lines = batch.lines(rows)
  const bytes = asBuffer(lines.bytes)
  const end = endOf(lines, rows)
  const searches = needles.map((needle) => {
    const find = (from: number, to: number): number => {
      const at = bytes.subarray(from, to).indexOf(needle)
      return at === -1 ? -1 : from + at
    }
    return new NeedleSearch(needle.length, end, find)
  })
  return keepRows(lines, rows, searches, kind === 'contains')
}

/** The rows whose line has one of what is searched for, or none. */
function keepRows(
  { lineFrom, lineTo }: Lines,
  rows: Uint32Array,
  searches: readonly NeedleSearch[],
  wanted: boolean,
): Uint32Array {
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
  readonly #length: number
  readonly #end: number
  readonly #find: (from: number, to: number) => number
  /** No occurrence begins in [searchedFrom, hit). */
  #searchedFrom = 0
  #hit = -1

  /**
   * @param end where the rows' bytes end, as a rule: how far to look ahead
   * @param find where the needle first begins in a range of the buffer; -1 where it does not
   */
  constructor(length: number, end: number, find: (from: number, to: number) => number) {
    this.#length = length
    this.#end = end
    this.#find = find
  }

  isIn(from: number, to: number): boolean {
    if (from < this.#searchedFrom) return this.#find(from, to) !== -1
    if (from > this.#hit) {
      this.#searchedFrom = from
      // Rows need not be in the order of their bytes.
      const end = Math.max(this.#end, to)
      const hit = this.#find(from, end)
      this.#hit = hit === -1 ? end : hit
    }
    return this.#hit + this.#length <= to
  }
}
