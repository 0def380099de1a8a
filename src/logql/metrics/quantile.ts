/** Values of a slice of a series. */
export interface Values {
  count: number
  values: Float64Array
  /** From here on they ascend, and none before is greater or NaN; `count` where that is not known. */
  sortedFrom: number
}

/** Makes room for a few values. */
export function makeValues(): Values {
  return { count: 0, values: new Float64Array(32), sortedFrom: 0 }
}

/** Appends a value. */
export function addValue(to: Values, value: number): void {
  if (to.count === to.values.length) {
    const larger = new Float64Array(to.count * 2)
    larger.set(to.values)
    to.values = larger
  }
  to.values[to.count++] = value
  to.sortedFrom = to.count
}

/** Gives back the room for more values, if there is much of it. */
export function trimValues(slice: Values): void {
  const { count, values } = slice
  if (count > 0 && values.length > count + 32) slice.values = values.slice(0, count)
}

/** All values of several slices. */
export function joinValues(slices: readonly Values[]): Values {
  const count = slices.reduce((sum, slice) => sum + slice.count, 0)
  const values = new Float64Array(count)
  let at = 0
  for (const slice of slices) {
    values.set(slice.values.subarray(0, slice.count), at)
    at += slice.count
  }
  return { count, values, sortedFrom: count }
}

/** Walking from an end of sorted slices beats looking for the middle of all values up to so many steps. */
const MAX_STEPS_PER_VALUE = 2

/**
 * The {@link quantile} of all values of several slices. Slices are sorted once, by whoever asks first, and no
 * further from their upper end than needed: windows overlap, and most quantiles that people ask for are near
 * that end.
 */
export function quantileOfSlices(q: number, slices: readonly Values[]): number {
  const count = slices.reduce((sum, slice) => sum + slice.count, 0)
  const rank = q * (count - 1)
  const lower = Math.floor(rank)
  const fromEnd = count - lower
  const steps = Math.min(lower + 2, fromEnd) * slices.length
  const isNear = q >= 0 && q <= 1 && steps <= count * MAX_STEPS_PER_VALUE
  const needed = lower + 2 <= fromEnd ? count : fromEnd
  if (!isNear || !slices.every((slice) => sortLast(slice, needed))) {
    const joined = slices.length === 1 ? slices[0].values.slice(0, count) : joinValues(slices).values
    return quantile(q, joined)
  }
  const weight = rank - lower
  const [low, high] = lower + 2 <= fromEnd ? pairFromStart(slices, lower) : pairFromEnd(slices, fromEnd)
  return low * (1 - weight) + high * weight
}

/** Sorting so much of a slice costs as much as all of it. */
const MOST = 0.25
/** What the next window asks for is about as much. */
const SPARE = 1.5

/** Sorts the last `needed` values of a slice in place. Returns whether it could: not where a value is NaN. */
function sortLast(slice: Values, needed: number): boolean {
  const { count, sortedFrom } = slice
  if (sortedFrom === 0 || count - sortedFrom >= needed) return true
  const values = slice.values.subarray(0, count)
  if (sortedFrom === count) for (let i = 0; i < count; i++) if (Number.isNaN(values[i])) return false
  const wanted = Math.ceil(needed * SPARE)
  const from = wanted > count * MOST ? 0 : count - wanted
  if (from > 0) select(values, 0, from)
  values.subarray(from).sort()
  slice.sortedFrom = from
  return true
}

/** The value with `before` values before it, and the next. */
function pairFromStart(slices: readonly Values[], before: number): [number, number] {
  const heads = new Uint32Array(slices.length)
  const next = (): number => {
    let best = -1
    for (let i = 0; i < slices.length; i++) {
      if (heads[i] === slices[i].count) continue
      if (best === -1 || slices[i].values[heads[i]] < slices[best].values[heads[best]]) best = i
    }
    return slices[best].values[heads[best]++]
  }
  for (let i = 0; i < before; i++) next()
  return [next(), next()]
}

/** The value that is the `nth` from the end, 1 being the last, and the one behind it, or itself again. */
function pairFromEnd(slices: readonly Values[], nth: number): [number, number] {
  const tails = Int32Array.from(slices, ({ count }) => count - 1)
  const next = (): number => {
    let best = -1
    for (let i = 0; i < slices.length; i++) {
      if (tails[i] < 0) continue
      if (best === -1 || slices[i].values[tails[i]] > slices[best].values[tails[best]]) best = i
    }
    return slices[best].values[tails[best]--]
  }
  let behind = next()
  if (nth === 1) return [behind, behind]
  for (let i = 2; i < nth; i++) behind = next()
  return [next(), behind]
}

/** The q-quantile by linear interpolation; NaN sorts first. Moves `values` about. */
export function quantile(q: number, values: Float64Array): number {
  const count = values.length
  if (count === 0 || Number.isNaN(q)) return Number.NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const nanCount = nansFirst(values)
  const rank = q * (count - 1)
  const lower = Math.floor(rank)
  const weight = rank - lower
  const low = lower < nanCount ? Number.NaN : select(values, nanCount, lower)
  if (lower + 1 >= count) return low * (1 - weight) + low * weight
  let high = Number.NaN
  // What stands behind the selected one is not less: the least of it is the next.
  if (lower + 1 >= nanCount) {
    high = values[lower + 1]
    for (let i = Math.max(lower + 2, nanCount); i < count; i++) if (values[i] < high) high = values[i]
  }
  return low * (1 - weight) + high * weight
}

function nansFirst(values: Float64Array): number {
  let nans = 0
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue
    values[i] = values[nans]
    values[nans++] = Number.NaN
  }
  return nans
}

/**
 * The value that a sort of `values[from …]` would put at `k`, moved there, with no greater value before it
 * and no lesser one behind. Hoare's quickselect; a sort where the pivots are bad for long.
 */
function select(values: Float64Array, from: number, k: number): number {
  let low = from
  let high = values.length - 1
  for (let left = 2 * Math.log2(values.length) + 8; low < high; left--) {
    if (left <= 0) {
      values.subarray(low, high + 1).sort()
      break
    }
    const pivot = middleOf(values[low], values[(low + high) >>> 1], values[high])
    let i = low
    let j = high
    while (i <= j) {
      while (values[i] < pivot) i++
      while (values[j] > pivot) j--
      if (i > j) break
      const value = values[i]
      values[i++] = values[j]
      values[j--] = value
    }
    if (k <= j) high = j
    else if (k >= i) low = i
    else break
  }
  return values[k]
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}
