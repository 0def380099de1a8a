import type { Timestamp } from './timestamp.ts'

const FORM = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/

/**
 * Parses an RFC 3339 time with up to nine decimals, as Go's `time.RFC3339Nano` does:
 * `2026-01-02T15:04:05.123456789Z`.
 * `undefined` for anything else, a day that does not exist (`02-30`) included.
 */
export function parseRfc3339(text: string): Timestamp | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [, day, time, decimals = '', zone] = match
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  // JavaScript rolls 02-30 over to March; the day must read back as it was given.
  const dayMs = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(ms) || Number.isNaN(dayMs)) return undefined
  if (new Date(dayMs).toISOString().slice(0, 10) !== day || time.startsWith('24')) return undefined
  const ns = Number(decimals.padEnd(9, '0'))
  return { ms: ms + Math.floor(ns / 1_000_000), ns: ns % 1_000_000 }
}

/** The zone a time is printed in: the machine's, or UTC. */
export type TimeZone = 'Local' | 'UTC'

/** Go's `time.RFC3339`: whole seconds with the zone's offset, `Z` for UTC. */
export function printRfc3339(time: Timestamp, zone: TimeZone): string {
  return wallClock(time, zone) + offset(time, zone)
}

/** Go's `time.RFC3339Nano`: as many decimals as needed, none where there are none. */
export function printRfc3339Nano(time: Timestamp, zone: TimeZone): string {
  const ns = (((time.ms % 1000) + 1000) % 1000) * 1_000_000 + time.ns
  const decimals = ns === 0 ? '' : `.${String(ns).padStart(9, '0').replace(/0+$/, '')}`
  return wallClock(time, zone) + decimals + offset(time, zone)
}

function offsetMinutes(ms: number, zone: TimeZone): number {
  return zone === 'UTC' ? 0 : -new Date(ms).getTimezoneOffset()
}

function wallClock({ ms }: Timestamp, zone: TimeZone): string {
  return new Date(ms + offsetMinutes(ms, zone) * 60_000).toISOString().replace(/\.\d+Z$/, '')
}

function offset({ ms }: Timestamp, zone: TimeZone): string {
  const minutes = offsetMinutes(ms, zone)
  if (minutes === 0) return 'Z'
  const two = (value: number): string => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
