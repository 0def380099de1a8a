import type { Wasm } from '#kernels/wasm.ts'
import type { Memory } from './memory.ts'
import { ISO_LAYOUT, LAYOUT_BYTES, layoutOf, TimeText } from './time-text.ts'
import type { RowTimes, Values } from './values.ts'

// Columns of times, kept as the distance to the time of the row.

/** How all times of a column are written. */
export interface TimeFormat {
  readonly layout: number
  /** Between date and time of day. */
  readonly separator: number
  /** Before the fraction; 0 where there is none. */
  readonly mark: number
  /** Digits of the fraction of a second, 0 … 9. */
  readonly digits: number
  readonly suffix: Uint8Array
}

const MAX_SUFFIX_BYTES = 16
/** Powers of ten, by exponent. */
const POWERS = Float64Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)

/**
 * Distances of the times from their rows, in units of 10^−digits seconds.
 * Undefined where not every text is a time in the format of the first.
 */
export function parseTimes(
  values: Values,
  times: RowTimes,
  memory: Memory,
): { format: TimeFormat; distances: Float64Array } | undefined {
  const { bytes, from, to, row, count, wasm } = values
  const format = formatOf(bytes, from[0], to[0])
  if (format === undefined) return undefined
  if (wasm !== undefined) return parseByKernel(values, wasm, format, times)
  const { mark, digits, suffix } = format
  const text = new TimeText(format.layout, format.separator)
  const base = LAYOUT_BYTES[format.layout]
  const length = to[0] - from[0]
  const distances = memory.float64(count)
  for (let i = 0; i < count; i++) {
    let at = from[i]
    if (to[i] - at !== length) return undefined
    const seconds = text.parse(bytes, at)
    if (seconds < 0) return undefined
    at += base
    let fraction = 0
    if (digits > 0) {
      if (bytes[at++] !== mark) return undefined
      for (const end = at + digits; at < end; at++) {
        const digit = bytes[at] - 0x30
        if (digit < 0 || digit > 9) return undefined
        fraction = fraction * 10 + digit
      }
    }
    for (let s = 0; s < suffix.length; s++) if (bytes[at + s] !== suffix[s]) return undefined
    const rowMs = times.tsMs[row[i]]
    const rowSeconds = Math.floor(rowMs / 1000)
    const distance =
      (seconds - rowSeconds) * 10 ** digits +
      fraction -
      rowFraction(rowMs, rowSeconds, times.tsNs[row[i]], digits)
    if (Math.abs(distance) > 2 ** 51) return undefined
    distances[i] = distance
  }
  return { format, distances }
}

/** {@link parseTimes} in the memory of the kernels; valid until they look at another column. */
function parseByKernel(
  { from, to, row, count }: Values,
  wasm: Wasm,
  format: TimeFormat,
  { tsMs, tsNs }: RowTimes,
): { format: TimeFormat; distances: Float64Array } | undefined {
  const { rowMs, rowNs } = wasm.push
  rowMs.set(tsMs)
  rowNs.set(tsNs)
  const { layout, separator, mark, digits } = format
  const places = [from.byteOffset, to.byteOffset, row.byteOffset] as const
  const areTimes = wasm.parseTimes(...places, count, layout, separator, mark, digits) === 1
  return areTimes ? { format, distances: wasm.columns.numbers } : undefined
}

/** What {@link parseTimes} took apart, put together at `at`; returns where it ends. */
export function writeTime(
  to: Uint8Array,
  at: number,
  format: TimeFormat,
  text: TimeText,
  distance: number,
  rowMs: number,
  rowNs: number,
): number {
  const { digits, suffix } = format
  const rowSeconds = Math.floor(rowMs / 1000)
  const units = distance + rowFraction(rowMs, rowSeconds, rowNs, digits)
  const perSecond = POWERS[digits]
  const carry = Math.floor(units / perSecond)
  at = text.write(to, at, rowSeconds + carry)
  if (digits > 0) {
    let fraction = units - carry * perSecond
    to[at++] = format.mark
    for (let i = at + digits - 1; i >= at; i--) {
      const next = Math.floor(fraction / 10)
      to[i] = 0x30 + fraction - next * 10
      fraction = next
    }
    at += digits
  }
  for (let i = 0; i < suffix.length; i++) to[at++] = suffix[i]
  return at
}

/** The part of the row's time below a second, in units of 10^−digits seconds, cut. */
function rowFraction(rowMs: number, rowSeconds: number, rowNs: number, digits: number): number {
  const ms = rowMs - rowSeconds * 1000
  if (digits === 3) return ms
  if (digits < 3) return Math.floor(ms / POWERS[3 - digits])
  return ms * POWERS[digits - 3] + Math.floor(rowNs / POWERS[9 - digits])
}

function formatOf(bytes: Uint8Array, from: number, to: number): TimeFormat | undefined {
  const layout = layoutOf(bytes, from, to)
  if (layout === 0) return undefined
  let at = from + LAYOUT_BYTES[layout]
  let mark = 0
  let digits = 0
  if (at + 1 < to && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
    while (digits < 9 && isDigit(bytes[at + 1 + digits]) && at + 1 + digits < to) digits++
    if (digits > 0) {
      mark = bytes[at]
      at += 1 + digits
    }
  }
  if (to - at > MAX_SUFFIX_BYTES) return undefined
  const separator = bytes[from + (layout === ISO_LAYOUT ? 10 : 11)]
  return { layout, separator, mark, digits, suffix: bytes.slice(at, to) }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
