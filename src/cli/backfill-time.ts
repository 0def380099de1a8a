import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { compileGoLayout } from '#collector/stages/go-time.ts'

/** How the time of a line is found: the flags. */
export interface TimeOptions {
  /** `auto`, `rfc3339`, `unix`, `unix_ms`, `unix_us`, `unix_ns`, or a layout of Go. */
  readonly timestampFormat: string
  /** A regular expression whose first group, or whole match, is the time. */
  readonly timestampRegex?: string
  /** Path of keys to the time in lines of JSON, separated by dots. */
  readonly timestampJson?: string
  /** Zone of times that name none. */
  readonly timestampZone: string
  /** Takes the time out of the line where it begins with it. */
  readonly stripTimestamp?: boolean
}

/** A line with its time. */
export interface TimedLine {
  readonly tsNs: bigint
  readonly line: string
}

/** Finds the time of a line; undefined where it has none. */
export type ReadTime = (line: string) => TimedLine | undefined

const STAMP = /^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)\]?/
const NUMBER = /^\[?(\d{9,19}(?:\.\d{1,9})?)\]?(?=[\s,;|]|$)/

/**
 * Compiles the flags. Without a regular expression or a key the line begins with its time.
 * @throws OperatorError `usage` naming the flag that cannot be used
 */
export function compileTime(options: TimeOptions): ReadTime {
  const { timestampRegex, timestampJson, stripTimestamp = false } = options
  if (timestampRegex !== undefined && timestampJson !== undefined) {
    throw new OperatorError('usage', 'give --timestamp-regex or --timestamp-json, not both')
  }
  const parse = compileFormat(options)
  const find = compileFinder(options)
  return (line) => {
    const found = find(line)
    const tsNs = found === undefined ? undefined : parse(found.text)
    if (found === undefined || tsNs === undefined) return undefined
    const rest = stripTimestamp && found.restAt > 0 ? line.slice(found.restAt).replace(/^ /, '') : line
    return { tsNs, line: rest }
  }
}

/** The text of a time; `restAt` is where the line goes on behind it, 0 where it does not begin the line. */
interface Found {
  readonly text: string
  readonly restAt: number
}

function compileFinder(options: TimeOptions): (line: string) => Found | undefined {
  const { timestampRegex, timestampJson, timestampFormat } = options
  if (timestampJson !== undefined) {
    const path = timestampJson.split('.')
    return (line) => {
      const text = line.startsWith('{') ? jsonText(line, path) : undefined
      return text === undefined ? undefined : { text, restAt: 0 }
    }
  }
  if (timestampRegex !== undefined) {
    const regex = compileRegex(timestampRegex)
    return (line) => {
      const match = regex.exec(line)
      if (match === null) return undefined
      return { text: match[1] ?? match[0], restAt: match.index === 0 ? match[0].length : 0 }
    }
  }
  if (!isNamedFormat(timestampFormat)) {
    const flag = '--timestamp-format'
    throw new OperatorError(
      'usage',
      `${flag} "${timestampFormat}": a layout needs --timestamp-regex or --timestamp-json to find the time`,
    )
  }
  return (line) => {
    const match = STAMP.exec(line) ?? NUMBER.exec(line)
    return match === null ? undefined : { text: match[1], restAt: match[0].length }
  }
}

function compileRegex(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new OperatorError('usage', `--timestamp-regex: ${errorMessage(error)}`)
  }
}

function jsonText(line: string, path: readonly string[]): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}

/** Digits behind the point of the unit: seconds are 9. */
const UNITS: Readonly<Record<string, number>> = { unix: 9, unix_ms: 6, unix_us: 3, unix_ns: 0 }

function isNamedFormat(format: string): boolean {
  return format === 'auto' || format === 'rfc3339' || format in UNITS
}

function compileFormat({
  timestampFormat: format,
  timestampZone,
}: TimeOptions): (text: string) => bigint | undefined {
  if (format === 'rfc3339') return (text) => parseStamp(text, timestampZone)
  if (format in UNITS) return (text) => parseNumber(text, UNITS[format])
  if (format === 'auto') {
    return (text) =>
      /^\d+(?:\.\d+)?$/.test(text) ? parseNumber(text, unitOf(text)) : parseStamp(text, timestampZone)
  }
  try {
    const layout = compileGoLayout(format, { location: timestampZone, now: () => new Date() })
    return (text) => toNs(layout(text))
  } catch (error) {
    throw new OperatorError('usage', `--timestamp-format "${format}": ${errorMessage(error)}`)
  }
}

/** Seconds, milliseconds, microseconds or nanoseconds, by the number of digits: right for 2001 to 2286. */
function unitOf(text: string): number {
  const digits = text.split('.', 1)[0].length
  return digits <= 10 ? 9 : digits <= 13 ? 6 : digits <= 16 ? 3 : 0
}

function parseNumber(text: string, decimals: number): bigint | undefined {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return undefined
  const fraction = (match[2] ?? '').padEnd(decimals, '0').slice(0, decimals)
  return BigInt(match[1] + fraction)
}

const PARTS = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|[+-]\d\d:?\d\d))?$/

/** RFC 3339, and what programs make of it: a space for the T, a comma for the point, no zone. */
function parseStamp(text: string, zone: string): bigint | undefined {
  const match = PARTS.exec(text)
  if (match === null) return undefined
  const [, day, time, decimals = '', ownZone] = match
  const seconds = ownZone === undefined ? zonedMs(day, time, zone) : fixedMs(day, time, ownZone)
  if (seconds === undefined || Number.isNaN(seconds)) return undefined
  return BigInt(seconds) * 1_000_000n + BigInt(decimals.padEnd(9, '0'))
}

function fixedMs(day: string, time: string, zone: string): number {
  const offset = zone === 'UTC' ? 'Z' : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  return Date.parse(`${day}T${time}${offset}`)
}

let inZone: { readonly zone: string; readonly parse: (text: string) => Timestamp | undefined } | undefined

function zonedMs(day: string, time: string, zone: string): number | undefined {
  if (zone === 'UTC') return Date.parse(`${day}T${time}Z`)
  if (inZone?.zone !== zone) {
    inZone = { zone, parse: compileGoLayout('2006-01-02 15:04:05', { location: zone }) }
  }
  return inZone.parse(`${day} ${time}`)?.ms
}

function toNs(time: Timestamp | undefined): bigint | undefined {
  return time === undefined ? undefined : BigInt(time.ms) * 1_000_000n + BigInt(time.ns)
}
