import { parseGoDuration, printGoDuration } from '../duration.ts'
import { errorMessage } from '../errors.ts'
import { type FunctionTable, fn } from './functions.ts'
import { type GoTime, isKnownZone, LOCAL, UTC, ZERO_TIME } from './go-time.ts'
import { formatTime, parseTime } from './time-layout.ts'
import { isTime, type Value } from './values.ts'

function epochNs({ ms, ns }: GoTime): bigint {
  return BigInt(ms) * 1_000_000n + BigInt(ns)
}

/** A moment from nanoseconds since the epoch, shown in local time. */
function fromNs(total: bigint): GoTime {
  const ns = ((total % 1_000_000n) + 1_000_000n) % 1_000_000n
  return { ms: Number((total - ns) / 1_000_000n), ns: Number(ns), zone: LOCAL }
}

const UNIT_NS_BY_DIGITS: Record<number, bigint> = {
  5: 86_400_000_000_000n,
  10: 1_000_000_000n,
  13: 1_000_000n,
  16: 1000n,
  19: 1n,
}

function unixToTime(text: string): GoTime {
  let value: bigint
  try {
    if (!/^[+-]?\d+$/.test(text))
      throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
    value = BigInt(text)
  } catch (thrown) {
    throw new Error(`unable to parse time '${text}': ${errorMessage(thrown)}`)
  }
  const unit = UNIT_NS_BY_DIGITS[text.length]
  if (unit === undefined) throw new Error(`unable to parse time '${text}': %!w(<nil>)`)
  return fromNs(value * unit)
}

function date(layout: string, value: Value): string {
  if (isTime(value)) return formatTime(value, layout)
  if (typeof value === 'bigint') return formatTime({ ms: Number(value) * 1000, ns: 0, zone: LOCAL }, layout)
  return formatTime({ ms: Date.now(), ns: 0, zone: LOCAL }, layout)
}

/** Functions on times. */
export const TIME_FUNCTIONS: FunctionTable = {
  now: fn('', () => ({ ms: Date.now(), ns: 0, zone: LOCAL })),
  toDate: fn('string, string', (layout: string, text: string) => parseTime(layout, text, LOCAL) ?? ZERO_TIME),
  toDateInZone: fn(
    'string, string, string',
    (layout: string, zone: string, text: string) =>
      parseTime(layout, text, isKnownZone(zone) ? { name: zone } : UTC) ?? ZERO_TIME,
  ),
  date: fn('string, any', date),
  unixEpoch: fn('time.Time', ({ ms }: GoTime) => String(Math.floor(ms / 1000))),
  unixEpochMillis: fn('time.Time', ({ ms }: GoTime) => String(ms)),
  unixEpochNanos: fn('time.Time', (time: GoTime) => String(BigInt.asIntN(64, epochNs(time)))),
  unixToTime: fn('string', unixToTime),
}

function inZone(layout: string, value: Value, zone: string): string {
  return date(layout, { ...momentOrNow(value), zone: isKnownZone(zone) ? { name: zone } : UTC })
}

function momentOrNow(value: Value): GoTime {
  if (isTime(value)) return value
  const ms = typeof value === 'bigint' ? Number(value) * 1000 : Date.now()
  return { ms, ns: 0, zone: LOCAL }
}

/** A time moved by a Go duration; the time itself where the duration is none. */
function modify(duration: string, time: GoTime): GoTime {
  try {
    return moved(time, duration)
  } catch {
    return time
  }
}

function moved(time: GoTime, duration: string): GoTime {
  return { ...fromNs(epochNs(time) + BigInt(Math.round(parseGoDuration(duration) * 1e6))), zone: time.zone }
}

/** Sprig's `duration`: seconds, a number or a text, as a Go duration. */
function secondsText(value: Value): string {
  const seconds = typeof value === 'string' ? Number.parseInt(value, 10) || 0 : Number(value)
  return Number.isFinite(seconds) ? printGoDuration(seconds * 1000) : '0s'
}

const dateInZone = fn('string, any, string', inZone)
const dateModify = fn('string, time.Time', modify)
const mustDateModify = fn('string, time.Time', (duration: string, time: GoTime) => moved(time, duration))

/** Sprig's functions on times that LogQL lacks, and `duration`, which means another thing there. */
export const SPRIG_TIME_FUNCTIONS: FunctionTable = {
  dateInZone,
  date_in_zone: dateInZone,
  dateModify,
  date_modify: dateModify,
  mustDateModify,
  must_date_modify: mustDateModify,
  htmlDate: fn('any', (value: Value) => date('2006-01-02', momentOrNow(value))),
  htmlDateInZone: fn('any, string', (value: Value, zone: string) => inZone('2006-01-02', value, zone)),
  ago: fn('any', (value: Value) =>
    printGoDuration(Math.floor((Date.now() - momentOrNow(value).ms) / 1000) * 1000),
  ),
  duration: fn('any', secondsText),
}
