/** A small generator of numbers that are the same on every machine (mulberry32). */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A whole number in [0, n). */
  int(n: number): number
  pick<T>(from: readonly T[]): T
  /** The first few come up most of the time. */
  skewed<T>(from: readonly T[]): T
  hex(digits: number): string
  uuid(): string
}

/** @param seed a 32-bit number */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (n: number): number => Math.floor(next() * n)
  const hex = (digits: number): string => {
    let text = ''
    while (text.length < digits) {
      text += Math.floor(next() * 0x100000000)
        .toString(16)
        .padStart(8, '0')
    }
    return text.slice(0, digits)
  }
  return {
    next,
    int,
    hex,
    pick: (from) => from[int(from.length)],
    skewed: (from) => from[Math.min(from.length - 1, Math.floor(from.length * next() ** 2.5))],
    uuid: () => {
      const h = hex(32)
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`
    },
  }
}
