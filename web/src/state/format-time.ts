import type { TimePoint, TimeRange, Zone } from './time-range.ts'
import { formatDuration } from './time-range.ts'

interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function partsOf(ms: number, zone: Zone): Parts {
  const date = new Date(ms)
  if (zone === 'utc') {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth(),
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    }
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth(),
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  }
}

const two = (n: number) => String(n).padStart(2, '0')

/** `14:03:11.402`. */
export function formatClock(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone)
  const millis = String(((ms % 1000) + 1000) % 1000).padStart(3, '0')
  return `${two(p.hour)}:${two(p.minute)}:${two(p.second)}.${millis}`
}

/** `Nov 21`. */
export function formatDay(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone)
  return `${MONTHS[p.month]} ${two(p.day)}`
}

/** `2026-11-21 14:03:11`, which {@link parsePoint} reads back. */
export function formatDateTime(ms: number, zone: Zone): string {
  const p = partsOf(ms, zone)
  return `${p.year}-${two(p.month + 1)}-${two(p.day)} ${two(p.hour)}:${two(p.minute)}:${two(p.second)}`
}

/** A time with all its nanoseconds and its zone: `2026-11-21 14:03:11.402123456 UTC`. */
export function formatExact(tsNs: string, zone: Zone): string {
  const ms = Number(tsNs.slice(0, -6))
  return `${formatDateTime(ms, zone)}.${tsNs.slice(-9)} ${zoneName(zone, ms)}`
}

/** `UTC`, or the offset of the browser's zone at a time: `UTC+02:00`. */
export function zoneName(zone: Zone, ms: number): string {
  if (zone === 'utc') return 'UTC'
  const minutes = -new Date(ms).getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const abs = Math.abs(minutes)
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(abs / 60))}:${two(abs % 60)}`
}

/** Whether two times fall on the same calendar day. */
export function sameDay(aMs: number, bMs: number, zone: Zone): boolean {
  return formatDateTime(aMs, zone).slice(0, 10) === formatDateTime(bMs, zone).slice(0, 10)
}

const UNIT_NAMES: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' }

/** A range in words: `Last 15 minutes`, or both ends. */
export function describeRange(range: TimeRange, zone: Zone): string {
  const { from, to } = range
  if (from.kind === 'relative' && to.kind === 'relative' && to.agoMs === 0)
    return `Last ${inWords(from.agoMs)}`
  const end = (point: TimePoint) => (point.kind === 'absolute' ? formatDateTime(point.ms, zone) : ago(point))
  const toText = end(to)
  const fromText = end(from)
  const sharesDay = fromText.slice(0, 10) === toText.slice(0, 10) && /^\d/.test(toText)
  return `${fromText} – ${sharesDay ? toText.slice(11) : toText}`
}

function ago(point: { readonly agoMs: number }): string {
  return point.agoMs === 0 ? 'now' : `${inWords(point.agoMs)} ago`
}

/** `15 minutes`, `1 hour`; mixed durations stay short: `1h30m`. */
export function inWords(ms: number): string {
  const text = formatDuration(ms)
  const match = /^(\d+)([smhdw])$/.exec(text)
  if (match === null) return text
  const n = Number(match[1])
  return `${n} ${UNIT_NAMES[match[2] ?? '']}${n === 1 ? '' : 's'}`
}
