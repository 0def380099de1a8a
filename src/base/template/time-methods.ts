import { calendarOf, type GoTime, LOCAL, UTC } from './go-time.ts'
import { formatTime, MONTHS, timeText, WEEKDAYS } from './time-layout.ts'
import type { Value } from './values.ts'

type Method = (time: GoTime, args: readonly Value[]) => Value

/**
 * The methods of Go's `time.Time` that make sense in a template, by name, with their number of text
 * arguments.
 */
export const TIME_METHODS: Readonly<Record<string, { readonly args: number; readonly call: Method }>> = {
  Year: { args: 0, call: (time) => BigInt(calendarOf(time).year) },
  Month: {
    args: 0,
    call: (time) => {
      const { month } = calendarOf(time)
      return { type: 'time.Month', name: MONTHS[month - 1], value: BigInt(month) }
    },
  },
  Day: { args: 0, call: (time) => BigInt(calendarOf(time).day) },
  Hour: { args: 0, call: (time) => BigInt(calendarOf(time).hour) },
  Minute: { args: 0, call: (time) => BigInt(calendarOf(time).minute) },
  Second: { args: 0, call: (time) => BigInt(calendarOf(time).second) },
  Nanosecond: { args: 0, call: (time) => BigInt(calendarOf(time).nanosecond) },
  YearDay: { args: 0, call: (time) => BigInt(calendarOf(time).yearDay) },
  Weekday: {
    args: 0,
    call: (time) => {
      const { weekday } = calendarOf(time)
      return { type: 'time.Weekday', name: WEEKDAYS[weekday], value: BigInt(weekday) }
    },
  },
  Unix: { args: 0, call: ({ ms }) => BigInt(Math.floor(ms / 1000)) },
  UnixMilli: { args: 0, call: ({ ms }) => BigInt(ms) },
  UnixMicro: { args: 0, call: ({ ms, ns }) => BigInt(ms) * 1000n + BigInt(Math.floor(ns / 1000)) },
  UnixNano: { args: 0, call: ({ ms, ns }) => BigInt(ms) * 1_000_000n + BigInt(ns) },
  UTC: { args: 0, call: (time) => ({ ...time, zone: UTC }) },
  Local: { args: 0, call: (time) => ({ ...time, zone: LOCAL }) },
  IsZero: { args: 0, call: ({ ms, ns }) => ms === -62_135_596_800_000 && ns === 0 },
  String: { args: 0, call: (time) => timeText(time) },
  Format: { args: 1, call: (time, [layout]) => formatTime(time, typeof layout === 'string' ? layout : '') },
}
