import { goQuote } from './goquote.ts'

const DECIMAL = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?$/
const HEX = /^([+-]?)0[xX]([\da-fA-F_]*)\.?([\da-fA-F_]*)[pP]([+-]?\d+)$/
const SPECIAL = /^([+-]?)(?:(inf|infinity)|nan)$/i

/**
 * Go's `strconv.ParseFloat`: decimals, hexadecimal with a binary exponent, underscores between digits, Inf
 * and NaN.
 * @throws Error with Go's text: `strconv.ParseFloat: parsing "x": invalid syntax`.
 */
export function parseGoFloat(text: string): number {
  const value = readGoFloat(text)
  if (value === undefined) throw new Error(`strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`)
  if (!Number.isFinite(value) && !SPECIAL.test(text)) {
    throw new Error(`strconv.ParseFloat: parsing ${goQuote(text)}: value out of range`)
  }
  return value
}

function readGoFloat(text: string): number | undefined {
  if (DECIMAL.test(text)) {
    if (!text.includes('_')) return Number(text)
    return /__|_$|_[.eE]|[.eE]_/.test(text) ? undefined : Number(text.replaceAll('_', ''))
  }
  const special = SPECIAL.exec(text)
  if (special !== null) {
    if (special[2] !== undefined) return special[1] === '-' ? -Infinity : Infinity
    return special[1] === '' ? Number.NaN : undefined
  }
  const hex = HEX.exec(text)
  if (hex === null || hex[2] + hex[3] === '') return undefined
  const fraction = hex[3].replaceAll('_', '')
  const mantissa = Number(`0x${hex[2].replaceAll('_', '')}${fraction}`)
  const value = mantissa * 2 ** (Number(hex[4]) - 4 * fraction.length)
  return hex[1] === '-' ? -value : value
}

/**
 * Go's `strconv.FormatFloat(value, 'f', -1, 64)`: shortest, never an exponent; `NaN`, `+Inf`, `-Inf`; −0 is
 * `0`.
 */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  const text = String(value)
  const exponentAt = text.indexOf('e')
  if (exponentAt === -1) return text
  const exponent = Number(text.slice(exponentAt + 1))
  const sign = value < 0 ? '-' : ''
  const [whole, fraction = ''] = text.slice(sign.length, exponentAt).split('.')
  const digits = whole + fraction
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return sign + digits + '0'.repeat(exponent - fraction.length)
}

/**
 * Go's `%v` of a float64: shortest, with an exponent of at least two digits below 1e-4 and from
 * `exponentFrom` digits before the point on.
 */
export function formatGoFloatExponent(value: number, exponentFrom = 6): string {
  if (!Number.isFinite(value)) return formatGoFloat(value)
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const scientific = value.toExponential()
  const [mantissa, exponentText] = scientific.split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < exponentFrom) return formatGoFloat(value)
  const sign = exponent < 0 ? '-' : '+'
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}
