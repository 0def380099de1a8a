import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Garbage that a heap may gather before all of it is looked through, bytes: less where much of it lives. */
const GROWTH_BYTES = 64 << 20
const LEAST_GROWTH_BYTES = 32 << 20
/** What a heap grows to, as long as that leaves it the least growth. */
const GROWN_BYTES = 128 << 20
const MAX_PERCENT = 100
/** Below this, looking through the heap would cost more than the memory is worth. */
const MIN_PERCENT = 20
const ADJUST_EVERY_MS = 1000
/** What was in use at the last low counts as live; lows may be so much higher each time. */
const RISE_BYTES = 4 << 20

/**
 * By how many percent a heap with so many live bytes may grow before V8 looks through all of it: to twice
 * its size while it is small, by ever less, down to a fixed amount, once it is large.
 */
export function heapGrowingPercent(liveBytes: number): number {
  const growth = Math.max(LEAST_GROWTH_BYTES, Math.min(GROWTH_BYTES, GROWN_BYTES - liveBytes))
  const percent = Math.round((growth / Math.max(1, liveBytes)) * 100)
  return Math.min(MAX_PERCENT, Math.max(MIN_PERCENT, percent))
}

/**
 * Sets V8's growth, and from now on keeps it fitting the heap: a server with a hundred thousand streams would
 * otherwise hold as much garbage as it holds of them.
 */
export function limitHeapGrowth(): void {
  let current = 0
  let liveBytes = 0
  const adjust = (): void => {
    liveBytes = Math.min(getHeapStatistics().used_heap_size, liveBytes + RISE_BYTES)
    const percent = heapGrowingPercent(liveBytes)
    if (percent === current) return
    current = percent
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  adjust()
  setInterval(adjust, ADJUST_EVERY_MS).unref()
}
