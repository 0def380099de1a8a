import { parseRfc3339 } from '#base/rfc3339.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { compileGoLayout } from './go-time.ts'

/** Go's names for common layouts (package `time`). */
const NAMED_LAYOUTS: Readonly<Record<string, string>> = {
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
  RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC822Z: '02 Jan 06 15:04 -0700',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
}

/** Decimals after the point of a Unix time in each unit, counted from seconds. */
const UNIX_UNITS: Readonly<Record<string, number>> = { Unix: 0, UnixMs: 3, UnixUs: 6, UnixNs: 9 }

/** Reads a time; `undefined` for text that does not fit. */
export type TimeParser = (text: string) => Timestamp | undefined

/**
 * The parser of a `format`: one of Go's named layouts, `Unix` (a fraction is allowed), `UnixMs`, `UnixUs`,
 * `UnixNs`, or a Go layout. `location`, an IANA zone, counts for layouts alone.
 */
export function readTime(format: string, location?: string): TimeParser {
  if (format === 'RFC3339' || format === 'RFC3339Nano') return parseRfc3339
  const unit = UNIX_UNITS[format]
  if (unit !== undefined) return (text) => parseUnix(text, unit)
  const named = NAMED_LAYOUTS[format]
  if (named !== undefined) return compileGoLayout(named)
  return compileGoLayout(format, { location, now: () => new Date() })
}

function parseUnix(text: string, unitDecimals: number): Timestamp | undefined {
  const match = (unitDecimals === 0 ? /^(-?)(\d{1,15})(?:\.(\d+))?$/ : /^(-?)(\d{1,20})$/).exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = ''] = match
  // Everything is brought to nanoseconds as digits, so that no binary fraction comes in.
  const nanoseconds =
    unitDecimals === 0
      ? whole + fraction.slice(0, 9).padEnd(9, '0')
      : whole.padEnd(whole.length + 9 - unitDecimals, '0')
  const ms = Number(nanoseconds.slice(0, -6) || '0')
  const ns = Number(nanoseconds.slice(-6))
  if (sign === '') return { ms, ns }
  return ns === 0 ? { ms: -ms, ns: 0 } : { ms: -ms - 1, ns: 1_000_000 - ns }
}
