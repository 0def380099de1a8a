import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/**
 * Bytes of young objects before V8 collects them. A query makes some megabytes that live for milliseconds:
 * with the one megabyte that V8 begins with, most are copied before they die, which is a third of a query's
 * time. Left alone, V8 goes up to several times as much, and holds twice that.
 */
const YOUNG_BYTES = 8 << 20
const ADJUST_EVERY_MS = 1000
/** Enough to make it grow; it does once more has lived through a collection than there is room for. */
const MAX_FILLS = 64

/**
 * Keeps the young generation from growing while modules are loaded, most of whose objects stay. V8 reads its
 * size at its own start alone, but the factor by which it grows at any time.
 */
export function holdYoungGeneration(): void {
  setGrowth(1)
}

/** Brings the young generation to its size and keeps it there: V8 shrinks it where little happens. */
export function sizeYoungGeneration(): void {
  let current = 1
  const adjust = (): void => {
    const factor = Math.max(1, Math.round(YOUNG_BYTES / youngBytes()))
    if (factor === current) return
    current = factor
    setGrowth(factor)
  }
  adjust()
  for (let fills = 0; current > 1 && fills < MAX_FILLS; fills++) {
    fillYoungGeneration()
    adjust()
  }
  setInterval(adjust, ADJUST_EVERY_MS).unref()
}

/** Lets it grow as V8 would. */
export function freeYoungGeneration(): void {
  setGrowth(2)
}

function setGrowth(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`)
}

/** What V8 lets the young generation take now, bytes. */
function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return space === undefined ? YOUNG_BYTES : space.space_used_size + space.space_available_size
}

/** Makes objects of which the last half megabyte stays alive while the next is made. */
function fillYoungGeneration(): number {
  const kept: { readonly place: number[] }[] = Array(8_000)
  for (let i = 0; i < 16_000; i++) kept[i % kept.length] = { place: [i] }
  return kept.length
}
