import type { Command } from 'commander'
import { parseGoDuration, parsePrometheusDuration } from '#base/duration.ts'
import { OperatorError } from '#base/errors.ts'
import { parseRfc3339 } from '#base/rfc3339.ts'
import { parseTimestamp } from '#base/timestamp.ts'

/** The flags that choose a range of time. */
export interface RangeOptions {
  readonly since: string
  readonly from?: string
  readonly to?: string
}

/** A range in nanoseconds since the epoch: from inclusive, to exclusive. */
export interface NsRange {
  readonly fromNs: bigint
  readonly toNs: bigint
}

/** Adds `--since`, `--from` and `--to` to a command. */
export function addRangeOptions(command: Command): Command {
  return command
    .option('--since <duration>', 'how far back to look, unless --from is given: 15m, 1h, 7d', '1h')
    .option('--from <time>', 'start (inclusive): RFC 3339, or nanoseconds since 1970')
    .option('--to <time>', 'end (exclusive): RFC 3339, or nanoseconds since 1970; default now')
}

/**
 * The range that the flags mean; `--from` beats `--since`.
 * @throws OperatorError `usage` naming the flag that cannot be read
 */
export function rangeOf(options: RangeOptions, nowMs: number): NsRange {
  const toNs = options.to === undefined ? BigInt(nowMs) * 1_000_000n : timeNs('--to', options.to)
  const sinceNs = BigInt(Math.round(durationMs('--since', options.since) * 1e6))
  const fromNs = options.from === undefined ? toNs - sinceNs : timeNs('--from', options.from)
  if (fromNs > toNs) throw new OperatorError('usage', '--from lies after --to')
  return { fromNs, toNs }
}

/** Reads a duration flag, in Go's form (`1.5h`) or Prometheus' (`7d`), to milliseconds. */
export function durationMs(flag: string, text: string): number {
  for (const parse of [parseGoDuration, parsePrometheusDuration]) {
    try {
      const ms = parse(text)
      if (ms >= 0) return ms
    } catch {
      // The other form may fit; if none does, the error below speaks for both.
    }
  }
  throw new OperatorError('usage', `${flag} "${text}": give a duration such as 30s, 15m, 1h30m or 7d`)
}

/** Reads a time flag to nanoseconds since the epoch. */
export function timeNs(flag: string, text: string): bigint {
  const time = parseRfc3339(text) ?? (/^\d{11,}$/.test(text) ? parseTimestamp(text) : undefined)
  if (time === undefined) {
    const forms = 'a time such as 2026-01-02T15:04:05Z, or nanoseconds since 1970'
    throw new OperatorError('usage', `${flag} "${text}": give ${forms}`)
  }
  return BigInt(time.ms) * 1_000_000n + BigInt(time.ns)
}
