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
