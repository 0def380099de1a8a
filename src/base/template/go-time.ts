/** A moment with the zone it is shown in, like Go's `time.Time`. */
export interface GoTime {
  /** Milliseconds since the Unix epoch, floored. */
  readonly ms: number
  /** Nanoseconds within the millisecond. */
  readonly ns: number
  /** `UTC`, `Local`, an IANA name, or a fixed offset. */
  readonly zone: Zone
}

/**
 * Where clocks stand: a named zone, or an offset in seconds east of UTC with the abbreviation that was read.
 */
export type Zone =
  | { readonly name: string }
  | { readonly offsetSeconds: number; readonly abbreviation: string }

/** Coordinated universal time. */
export const UTC: Zone = { name: 'UTC' }
/** The server's own zone. */
export const LOCAL: Zone = { name: 'Local' }

/** Go's zero time, year 1. */
export const ZERO_TIME: GoTime = { ms: -62_135_596_800_000, ns: 0, zone: UTC }

/** The calendar of a moment in its zone. */
export interface Calendar {
  readonly year: number
  /** 1 … 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 … 999,999,999. */
  readonly nanosecond: number
  /** 0 is Sunday. */
  readonly weekday: number
  readonly yearDay: number
  readonly offsetSeconds: number
  readonly abbreviation: string
}

/** Whether the system knows the zone. */
export function isKnownZone(name: string): boolean {
  if (name === '' || name === 'UTC' || name === 'Local') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /^[A-Z]/.test(name)
  } catch {
    return false
  }
}

/** Seconds east of UTC that a zone has at a moment, and the zone's abbreviation then. */
export function zoneAt(zone: Zone, ms: number): { offsetSeconds: number; abbreviation: string } {
  if ('offsetSeconds' in zone) return zone
  if (zone.name === 'UTC' || zone.name === '') return { offsetSeconds: 0, abbreviation: 'UTC' }
  const timeZone = zone.name === 'Local' ? undefined : zone.name
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    timeZoneName: 'short',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms)
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '0'
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
    (type) => Number(part(type)),
  )
  const shown = Date.UTC(year, month - 1, day, hour, minute, second)
  return {
    offsetSeconds: Math.round((shown - Math.floor(ms / 1000) * 1000) / 1000),
    abbreviation: part('timeZoneName'),
  }
}

/** The calendar of a moment in its zone. */
export function calendarOf({ ms, ns, zone }: GoTime): Calendar {
  const { offsetSeconds, abbreviation } = zoneAt(zone, ms)
  const date = new Date(ms + offsetSeconds * 1000)
  const year = date.getUTCFullYear()
  const startOfYear = new Date(0)
  startOfYear.setUTCFullYear(year, 0, 1)
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: date.getUTCMilliseconds() * 1_000_000 + ns,
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - startOfYear.getTime()) / 86_400_000) + 1,
    offsetSeconds,
    abbreviation,
  }
}

/** The moment at which clocks in a zone show the given calendar fields. */
export function momentOf(
  fields: Pick<Calendar, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond'>,
  zone: Zone,
): GoTime {
  const date = new Date(0)
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day)
  date.setUTCHours(fields.hour, fields.minute, fields.second, Math.floor(fields.nanosecond / 1e6))
  const shown = date.getTime()
  // Twice, since the offset is a function of the result.
  let ms = shown - zoneAt(zone, shown).offsetSeconds * 1000
  ms = shown - zoneAt(zone, ms).offsetSeconds * 1000
  return { ms, ns: fields.nanosecond % 1e6, zone }
}
