import type { Wasm } from '#kernels/wasm.ts'
import type { Memory } from './memory.ts'
import type { Values } from './values.ts'
import { hashBytes, sameBytes } from './words.ts'

// Finds the distinct values of a column.

/** Values looked at before the whole column is. */
const SAMPLE = 128
/** Distinct values in the sample above which there is no point in looking on. */
const SAMPLE_DISTINCT = 116

/** Distinct values of a column, in the order of their first occurrence, and which of them each value is. */
export interface Dictionary {
  readonly values: Values
  readonly ids: Float64Array
}

let table = new Uint32Array(1024)

/**
 * The dictionary of a column; undefined where more than `share` of the values (or 16, and never half) are
 * distinct.
 */
export function findDictionary(values: Values, share: number, memory: Memory): Dictionary | undefined {
  const { view, from, to, count } = values
  const limit = Math.min(Math.floor(count / 2), Math.max(16, Math.floor(count * share)))
  let slots = 256
  while (slots < limit * 2) slots *= 2
  if (values.wasm !== undefined) return findByKernel(values, values.wasm, limit, slots, memory)
  if (table.length < slots) table = new Uint32Array(slots)
  else table.fill(0, 0, slots)
  const mask = slots - 1
  const ids = memory.float64(count)
  const firsts = memory.uint32(limit)
  let distinct = 0
  for (let i = 0; i < count; i++) {
    const at = from[i]
    const length = to[i] - at
    let slot = hashBytes(view, at, length) & mask
    for (;;) {
      const known = table[slot]
      if (known === 0) {
        if (distinct === limit || (i === SAMPLE && distinct > SAMPLE_DISTINCT)) return undefined
        firsts[distinct++] = i
        table[slot] = distinct
        ids[i] = distinct - 1
        break
      }
      const first = firsts[known - 1]
      if (to[first] - from[first] === length && sameBytes(view, from[first], view, at, length)) {
        ids[i] = known - 1
        break
      }
      slot = (slot + 1) & mask
    }
  }
  return { values: pick(values, firsts.subarray(0, distinct)), ids }
}

/** {@link findDictionary} in the memory of the kernels; valid until they look at another column. */
function findByKernel(
  values: Values,
  wasm: Wasm,
  limit: number,
  slots: number,
  memory: Memory,
): Dictionary | undefined {
  const { bytes, view, from, to, row, count } = values
  const at = [from.byteOffset, to.byteOffset] as const
  const distinct = wasm.findDistinct(...at, count, limit, slots, SAMPLE, SAMPLE_DISTINCT)
  if (distinct < 0) return undefined
  const { distinctFrom, distinctTo, distinctFirst, numbers } = wasm.columns
  const picked: Values = {
    bytes,
    view,
    from: distinctFrom.subarray(0, distinct),
    to: distinctTo.subarray(0, distinct),
    row: distinctFirst.subarray(0, distinct).map((first) => row[first]),
    count: distinct,
    wasm,
  }
  // Encoding the texts takes the numbers' place.
  const ids = memory.float64(count)
  ids.set(numbers.subarray(0, count))
  return { values: picked, ids }
}

function pick({ bytes, view, from, to, row }: Values, which: Uint32Array): Values {
  return {
    bytes,
    view,
    from: which.map((i) => from[i]),
    to: which.map((i) => to[i]),
    row: which.map((i) => row[i]),
    count: which.length,
    wasm: undefined,
  }
}
