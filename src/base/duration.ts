const GO_UNITS_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Parses a Go duration (`1.5h`, `-2m30s`, `0`) to milliseconds.
 * @throws Error with Go's text: `time: invalid duration "x"`, `time: missing unit in duration "5"`, …
 */
export function parseGoDuration(text: string): number {
  const quoted = JSON.stringify(text)
  const negative = text.startsWith('-')
  let rest = negative || text.startsWith('+') ? text.slice(1) : text
  if (rest === '0') return 0
  if (rest === '') throw new Error(`time: invalid duration ${quoted}`)
  let totalMs = 0
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)
    if (number === null) throw new Error(`time: invalid duration ${quoted}`)
    rest = rest.slice(number[0].length)
    const unit = /^[^\d.]+/.exec(rest)
    if (unit === null) throw new Error(`time: missing unit in duration ${quoted}`)
    const unitMs = GO_UNITS_MS[unit[0]]
    if (unitMs === undefined) {
      throw new Error(`time: unknown unit ${JSON.stringify(unit[0])} in duration ${quoted}`)
    }
    totalMs += Number(number[0]) * unitMs
    rest = rest.slice(unit[0].length)
  }
  if (totalMs > 9223372036854.775) throw new Error(`time: invalid duration ${quoted}`)
  return negative ? -totalMs : totalMs
}

const PROMETHEUS_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/**
 * Parses a Prometheus duration (`1d12h`, `744h`, `0`) to milliseconds: integers only, units descending, each
 * once.
 * @throws Error with Prometheus' text: `not a valid duration string: "5"`, `unknown unit "." in duration
 * "1.5h"`, …
 */
export function parsePrometheusDuration(text: string): number {
  if (text === '0') return 0
  if (text === '') throw new Error('empty duration string')
  const quoted = JSON.stringify(text)
  let rest = text
  let totalMs = 0
  let lastUnit = -1
  while (rest !== '') {
    const digits = /^\d+/.exec(rest)
    if (digits === null) throw new Error(`not a valid duration string: ${quoted}`)
    rest = rest.slice(digits[0].length)
    const unit = /^[^\d]+/.exec(rest)
    if (unit === null) throw new Error(`not a valid duration string: ${quoted}`)
    const index = PROMETHEUS_UNITS.findIndex(([name]) => name === unit[0])
    const found = PROMETHEUS_UNITS[index]
    if (found === undefined) throw new Error(`unknown unit ${JSON.stringify(unit[0])} in duration ${quoted}`)
    if (index <= lastUnit) throw new Error(`not a valid duration string: ${quoted}`)
    lastUnit = index
    totalMs += Number(digits[0]) * found[1]
    rest = rest.slice(unit[0].length)
  }
  if (totalMs > 9223372036854) throw new Error('duration out of range')
  return totalMs
}

/**
 * Prometheus' way to print a duration: `1w`, `1h30m`, `0s`; `y`, `w` and `d` only where they divide exactly.
 */
export function printPrometheusDuration(totalMs: number): string {
  if (totalMs === 0) return '0s'
  let rest = totalMs
  let out = ''
  for (const [unit, ms] of PROMETHEUS_UNITS) {
    const exactOnly = unit === 'y' || unit === 'w'
    if (exactOnly && rest % ms !== 0) continue
    const count = Math.floor(rest / ms)
    if (count > 0) out += count + unit
    rest -= count * ms
  }
  return out
}

/** Go's way to print a duration: `1h0m0s`, `1.5s`, `250ms`, `0s`. */
export function printGoDuration(totalMs: number): string {
  if (totalMs === 0) return '0s'
  const sign = totalMs < 0 ? '-' : ''
  const ms = Math.abs(totalMs)
  const trim = (value: number, digits: number): string => value.toFixed(digits).replace(/\.?0+$/, '')
  if (ms < 0.001) return `${sign}${Math.round(ms * 1e6)}ns`
  if (ms < 1) return `${sign}${trim(ms * 1000, 3)}µs`
  if (ms < 1000) return `${sign}${trim(ms, 6)}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = (ms % 60_000) / 1000
  const secondsText = Number.isInteger(seconds) ? String(seconds) : trim(seconds, 9)
  const minutesText = hours > 0 || minutes > 0 ? `${minutes}m` : ''
  return `${sign}${hours > 0 ? `${hours}h` : ''}${minutesText}${secondsText}s`
}
