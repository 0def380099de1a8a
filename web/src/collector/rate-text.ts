import { formatBytes, formatShort } from '../ui/format-number.ts'
import type { Rate } from './rates.ts'

/** `420 lines/s · 84 kB/s`; a dash while it is not known. */
export function rateText(rate: Rate | null): string {
  if (rate === null) return '–'
  const lines = linesText(rate.lines)
  return rate.bytes === null ? lines : `${lines} · ${formatBytes(rate.bytes)}/s`
}

/** `420 lines/s`, `0.3 lines/s`; never 0 for something. */
export function linesText(perSecond: number): string {
  return `${numberText(perSecond)} lines/s`
}

/** The number of {@link linesText} alone. */
export function numberText(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 0.1) return '<0.1'
  return perSecond < 10 ? String(Number(perSecond.toFixed(1))) : formatShort(Math.round(perSecond))
}
