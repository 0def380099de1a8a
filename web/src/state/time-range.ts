/** A window of time as the person chose it: `now`, `now-1h`, or an absolute time in ms since the epoch. */
export interface TimeRange {
  readonly from: TimePoint
  readonly to: TimePoint
}

/** One end of a {@link TimeRange}: ms since the epoch, or ms before now. */
export type TimePoint =
  | { readonly kind: 'absolute'; readonly ms: number }
  | { readonly kind: 'relative'; readonly agoMs: number }

/** The zone that times are shown and read in. */
export type Zone = 'local' | 'utc'

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** The ranges of the quick list. */
export const PRESETS: readonly string[] = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d']

/** The last `duration` (such as `15m`) until now. */
export function lastRange(duration: string): TimeRange {
  return { from: { kind: 'relative', agoMs: parseDuration(duration) ?? 3_600_000 }, to: NOW }
}

/** The end that moves with the clock. */
export const NOW: TimePoint = { kind: 'relative', agoMs: 0 }

/** A window between two fixed times, ms since the epoch. */
export function absoluteRange(fromMs: number, toMs: number): TimeRange {
  return { from: { kind: 'absolute', ms: fromMs }, to: { kind: 'absolute', ms: toMs } }
}

/** The window in ms since the epoch, at a given now. The end is never before the start. */
export function resolveRange(range: TimeRange, nowMs: number): { fromMs: number; toMs: number } {
  const at = (point: TimePoint) => (point.kind === 'absolute' ? point.ms : nowMs - point.agoMs)
  const fromMs = at(range.from)
  return { fromMs, toMs: Math.max(fromMs, at(range.to)) }
}

/** Whether the window ends before it begins, as a link that somebody wrote may have it. */
export function isInverted({ from, to }: TimeRange, nowMs: number): boolean {
  const at = (point: TimePoint) => (point.kind === 'absolute' ? point.ms : nowMs - point.agoMs)
  return at(to) < at(from)
}

/** Whether the window ends now, so that new lines belong to it. */
export function endsNow(range: TimeRange): boolean {
  return range.to.kind === 'relative' && range.to.agoMs === 0
}

/** `90s`, `15m`, `1h30m`, `7d` in ms; null for anything else. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+[smhdw])+$/.test(text)) return null
  let total = 0
  for (const [, n, unit] of text.matchAll(/(\d+)([smhdw])/g)) total += Number(n) * (UNITS[unit ?? ''] ?? 0)
  return total > 0 && total < 1e13 ? total : null
}

/** The shortest text for a duration in ms: `1h`, `1h30m`, `90s` becomes `1m30s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms / 1000) * 1000
  let text = ''
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`
    rest %= size
  }
  return text === '' ? '0s' : text
}

/** A point as it stands in the address: `now`, `now-1h`, or ms since the epoch. */
export function printPoint(point: TimePoint): string {
  if (point.kind === 'absolute') return String(point.ms)
  return point.agoMs === 0 ? 'now' : `now-${formatDuration(point.agoMs)}`
}

/** Reads what {@link printPoint} wrote, a date and time in `zone`, or an ISO time with its own zone. */
export function parsePoint(text: string, zone: Zone): TimePoint | null {
  const trimmed = text.trim()
  if (trimmed === 'now') return NOW
  if (trimmed.startsWith('now-')) {
    const agoMs = parseDuration(trimmed.slice(4))
    return agoMs === null ? null : { kind: 'relative', agoMs }
  }
  if (/^\d{9,16}$/.test(trimmed)) return { kind: 'absolute', ms: Number(trimmed) }
  const ms = parseDateTime(trimmed, zone)
  return ms === null ? null : { kind: 'absolute', ms }
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?$/

function parseDateTime(text: string, zone: Zone): number | null {
  const match = DATE_TIME.exec(text)
  if (match === null) return null
  const [, y, mo, d, h = '00', mi = '00', s = '00', fraction = '', offset] = match
  const iso = `${y}-${mo}-${d}T${h}:${mi}:${s}.${fraction.padEnd(3, '0').slice(0, 3)}`
  const ms = Date.parse(`${iso}${offset ?? (zone === 'utc' ? 'Z' : '')}`)
  return Number.isNaN(ms) ? null : ms
}

/** A window twice as wide around the same centre, not beyond now. */
export function widened(range: { fromMs: number; toMs: number }, nowMs: number): TimeRange {
  const half = Math.max(1000, (range.toMs - range.fromMs) / 2)
  const toMs = Math.min(nowMs, range.toMs + half)
  return absoluteRange(Math.max(0, Math.round(toMs - 4 * half)), Math.round(toMs))
}

/** A window moved by its own width: -1 back, 1 forward, not beyond now. */
export function shifted(range: { fromMs: number; toMs: number }, by: -1 | 1, nowMs: number): TimeRange {
  const width = range.toMs - range.fromMs
  const toMs = Math.min(nowMs, range.toMs + by * width)
  return absoluteRange(Math.round(toMs - width), Math.round(toMs))
}
