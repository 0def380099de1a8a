import { parseGoDuration, parsePrometheusDuration } from '#base/duration.ts'

/**
 * Nanoseconds of a duration literal, Prometheus style first, then Go style; `undefined` where it is neither.
 */
export function durationLiteralNs(text: string): number | undefined {
  try {
    return text === '0' ? undefined : Math.round(parsePrometheusDuration(text) * 1e6)
  } catch {
    return goDurationNs(text)
  }
}

/** Nanoseconds of a Go duration, possibly signed; `undefined` where it does not parse. */
export function goDurationNs(text: string): number | undefined {
  try {
    return Math.round(parseGoDuration(text) * 1e6)
  } catch {
    return undefined
  }
}
