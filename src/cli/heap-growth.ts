import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Garbage that a heap of any size may gather before all of it is looked through, bytes. */
const GROWTH_BYTES = 64 << 20
const MAX_PERCENT = 100
/** Below this, looking through the heap would cost more than the memory is worth. */
const MIN_PERCENT = 20
const ADJUST_EVERY_MS = 1000

/**
 * By how many percent a heap with so many bytes in use may grow before V8 looks through all of it: to twice
 * its size while it is small, by a fixed amount once it is large.
 */
export function heapGrowingPercent(usedBytes: number): number {
  const percent = Math.round((GROWTH_BYTES / Math.max(1, usedBytes)) * 100)
  return Math.min(MAX_PERCENT, Math.max(MIN_PERCENT, percent))
}

/**
 * Sets V8's growth, and from now on keeps it fitting the heap: a server with a hundred thousand streams would
 * otherwise hold as much garbage as it holds of them.
 */
export function limitHeapGrowth(): void {
  let current = 0
  const adjust = (): void => {
    const percent = heapGrowingPercent(getHeapStatistics().used_heap_size)
    if (percent === current) return
    current = percent
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  adjust()
  setInterval(adjust, ADJUST_EVERY_MS).unref()
}
