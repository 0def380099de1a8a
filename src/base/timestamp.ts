/**
 * A moment in nanoseconds since the Unix epoch, held as two exact numbers so that hot loops need no BigInt:
 * whole milliseconds (floored; exact up to year 287,396) and the nanoseconds within them (0 … 999,999).
 */
export interface Timestamp {
  readonly ms: number
  readonly ns: number
}

/** Orders two moments: negative, zero or positive. */
export function compareTimestamps(aMs: number, aNs: number, bMs: number, bNs: number): number {
  return aMs - bMs || aNs - bNs
}

/** Decimal nanoseconds since the epoch, as the Loki API writes them: `1795288010719983616`. */
export function timestampText(ms: number, ns: number): string {
  if (ms < 0) return (BigInt(ms) * 1_000_000n + BigInt(ns)).toString()
  if (ms === 0) return String(ns)
  return ms + String(ns).padStart(6, '0')
}

/** Parses decimal nanoseconds (optionally signed). `undefined` for anything else, or outside int64. */
export function parseTimestamp(text: string): Timestamp | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  if (text.length > 6 && text.length < 19 && text.charCodeAt(0) >= 0x30) {
    return { ms: Number(text.slice(0, -6)), ns: Number(text.slice(-6)) }
  }
  const value = BigInt(text)
  if (value > 0x7fff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) return undefined
  return timestampFromNs(value)
}

/** Splits int64 nanoseconds. */
export function timestampFromNs(value: bigint): Timestamp {
  let ns = value % 1_000_000n
  if (ns < 0n) ns += 1_000_000n
  return { ms: Number((value - ns) / 1_000_000n), ns: Number(ns) }
}
