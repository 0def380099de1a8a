/**
 * How often each numbered line was seen. Half an hour of chaos is a million lines, so a line costs one byte.
 * A key names who numbers: `<container> <life> <stream>`.
 */
export interface LineCounts {
  add(key: string, number: number): void
  /** How often; 255 stands for that many and more. */
  times(key: string, number: number): number
  /** The keys, each with the highest number that was seen. */
  highest(): ReadonlyMap<string, number>
  /** How many different lines. */
  readonly size: number
}

const FIRST_NUMBERS = 1024
const MOST_TIMES = 255

/** Counts nothing yet. */
export function makeLineCounts(): LineCounts {
  const counts = new Map<string, Uint8Array>()
  const highest = new Map<string, number>()
  let size = 0
  const roomFor = (key: string, number: number): Uint8Array => {
    const known = counts.get(key)
    if (known !== undefined && number < known.length) return known
    const grown = new Uint8Array(Math.max(FIRST_NUMBERS, number + 1, (known?.length ?? 0) * 2))
    if (known !== undefined) grown.set(known)
    counts.set(key, grown)
    return grown
  }
  return {
    add(key, number) {
      const times = roomFor(key, number)
      if (times[number] === 0) size++
      if (times[number] < MOST_TIMES) times[number]++
      highest.set(key, Math.max(highest.get(key) ?? 0, number))
    },
    times: (key, number) => counts.get(key)?.[number] ?? 0,
    highest: () => highest,
    get size() {
      return size
    },
  }
}
