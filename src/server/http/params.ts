import { parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage } from '#base/errors.ts'
import { parseTimestamp, type Timestamp, timestampFromNs } from '#base/timestamp.ts'
import type { Direction } from '#store/types.ts'
import { firstParam, type Params } from './query-string.ts'

/** A parameter that cannot be used, with Loki's text. Always answered with 400. */
export class BadParam extends Error {}

/** A window of time: both ends exact. */
export interface Bounds {
  readonly start: Timestamp
  readonly end: Timestamp
}

const DEFAULT_SINCE_MS = 3_600_000

/** Reads `start`, `end` and `since`: the last hour unless told otherwise. */
export function readBounds(params: Params, nowMs: number): Bounds {
  const now: Timestamp = { ms: nowMs, ns: 0 }
  const since = readSince(firstParam(params, 'since'))
  const end = prefixed('end', () => readTime(firstParam(params, 'end'), now))
  const anchorMs = Math.min(end.ms, nowMs)
  const fallback: Timestamp =
    end.ms <= nowMs ? { ms: anchorMs - since, ns: end.ns } : { ms: anchorMs - since, ns: 0 }
  const start = prefixed('start', () => readTime(firstParam(params, 'start'), fallback))
  return { start, end }
}

function prefixed<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new BadParam(`could not parse '${name}' parameter: ${errorMessage(error)}`)
  }
}

function readSince(text: string): number {
  if (text === '') return DEFAULT_SINCE_MS
  return prefixed('since', () => parsePrometheusDuration(text))
}

/**
 * Reads a moment: float seconds, integer seconds (up to 10 characters) or nanoseconds, or RFC 3339.
 * @throws BadParam `strconv.ParseInt: parsing "abc": invalid syntax`
 */
export function readTime(text: string, fallback: Timestamp): Timestamp {
  if (text === '') return fallback
  if (text.includes('.') && /^[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    return { ms: Math.round(Number(text) * 1000), ns: 0 }
  }
  if (/^[+-]?\d+$/.test(text)) {
    if (text.length <= 10) return { ms: Number(text) * 1000, ns: 0 }
    const parsed = parseTimestamp(text)
    if (parsed !== undefined) return parsed
    throw new BadParam(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  }
  const parsed = readRfc3339(text)
  if (parsed === undefined)
    throw new BadParam(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return parsed
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/

/** Reads RFC 3339 with any fraction; undefined where the text is something else. */
export function readRfc3339(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const ms = Date.parse(`${match[1]}${match[3]}`)
  if (Number.isNaN(ms)) return undefined
  const nanos = BigInt((match[2] ?? '').padEnd(9, '0').slice(0, 9))
  return timestampFromNs(BigInt(ms) * 1_000_000n + nanos)
}

const MAX_LIMIT = 4_294_967_295

/** Reads `limit`: a positive integer, 100 by default. */
export function readLimit(params: Params): number {
  const text = firstParam(params, 'limit')
  if (text === '') return 100
  const value = parseAtoi(text)
  if (value > MAX_LIMIT) throw new BadParam(`limit value ${text} is out of range [0, ${MAX_LIMIT}]`)
  if (value <= 0) throw new BadParam('limit must be a positive value')
  return value
}

/**
 * Go's `strconv.Atoi`.
 * @throws BadParam with Go's text
 */
export function parseAtoi(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new BadParam(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = Number(text)
  if (Math.abs(value) >= 2 ** 63) {
    throw new BadParam(`strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`)
  }
  return value
}

/** Reads `direction`: backward by default. */
export function readDirection(params: Params): Direction {
  const text = firstParam(params, 'direction')
  if (text === '') return 'backward'
  const direction = text.toLowerCase()
  if (direction === 'forward' || direction === 'backward') return direction
  throw new BadParam(`invalid direction '${text}'`)
}

/** Reads `step`, ms; by default a 250th of the window, at least a second. */
export function readStep(params: Params, { start, end }: Bounds): number {
  const text = firstParam(params, 'step')
  if (text === '') return Math.max(Math.floor((end.ms - start.ms) / 1000 / 250), 1) * 1000
  const stepMs = readDuration(text)
  if (stepMs <= 0) {
    const why = 'zero or negative query resolution step widths are not accepted. Try a positive integer'
    throw new BadParam(why)
  }
  return stepMs
}

/** Reads `interval`, ms; 0 by default. */
export function readInterval(params: Params): number {
  const text = firstParam(params, 'interval')
  const intervalMs = text === '' ? 0 : readDuration(text)
  if (intervalMs < 0) throw new BadParam('interval must be >= 0')
  return intervalMs
}

/** Float seconds or a Prometheus duration, in ms. */
function readDuration(text: string): number {
  const quoted = JSON.stringify(text)
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const ms = Number(text) * 1000
    if (Math.abs(ms) >= 2 ** 63 / 1e6) {
      throw new BadParam(`cannot parse ${quoted} to a valid duration. It overflows int64`)
    }
    return ms
  }
  try {
    return parsePrometheusDuration(text)
  } catch {
    throw new BadParam(`cannot parse ${quoted} to a valid duration`)
  }
}

/** Loki allows 11,000 points per series, of log queries too. */
export function checkResolution({ start, end }: Bounds, stepMs: number): void {
  if ((end.ms - start.ms) / stepMs > 11_000) {
    const advice = 'Try increasing the value of the step parameter'
    throw new BadParam(`exceeded maximum resolution of 11,000 points per time series. ${advice}`)
  }
}

/** The end must not lie before the start. */
export function checkOrder({ start, end }: Bounds): void {
  if (end.ms < start.ms || (end.ms === start.ms && end.ns < start.ns)) {
    throw new BadParam('end timestamp must not be before or equal to start time')
  }
}
