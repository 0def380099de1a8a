import { formatGoFloat } from '../gofloat.ts'

/** An exact decimal: `digits · 10^-scale`. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

/** Digits that a division gives behind the point. */
const DIVISION_SCALE = 16

/** The shortest decimal that reads back as the number; NaN and infinities are 0. */
export function toDecimal(value: number): Decimal {
  if (!Number.isFinite(value)) return { digits: 0n, scale: 0 }
  const [whole, fraction = ''] = formatGoFloat(value).split('.')
  return { digits: BigInt(whole + fraction), scale: fraction.length }
}

/** The nearest float64. */
export function fromDecimal({ digits, scale }: Decimal): number {
  return Number(`${digits}e-${scale}`)
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale)
  return [a.digits * 10n ** BigInt(scale - a.scale), b.digits * 10n ** BigInt(scale - b.scale), scale]
}

/** a + b. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const [left, right, scale] = aligned(a, b)
  return { digits: left + right, scale }
}

/** a − b. */
export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, { digits: -b.digits, scale: b.scale })
}

/** a · b. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale }
}

/** a / b to sixteen places, halves away from zero. @throws Error `decimal division by 0` */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw new Error('decimal division by 0')
  const [left, right] = aligned(a, b)
  const scaled = left * 10n ** BigInt(DIVISION_SCALE + 1)
  const quotient = scaled / right
  const half = quotient < 0n ? -5n : 5n
  return { digits: (quotient + half) / 10n, scale: DIVISION_SCALE }
}
