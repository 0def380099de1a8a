import type { Limits } from '#config/schema/limits.ts'
import { type TokenBucket, takeTokens } from './token-bucket.ts'

/** The streams of one tenant that have been pushed to of late, with their rates. */
export interface ActiveStreams {
  /**
   * Lets `bytes` of a stream in, or says why not. A stream counts as active until nothing came for `idleMs`.
   */
  admit(
    key: string,
    bytes: number,
    limits: Limits,
    nowMs: number,
  ): 'ok' | 'stream_limit' | 'per_stream_rate_limit'
  readonly size: number
}

/** How often idle streams are looked for, while pushes come in. */
const SWEEP_EVERY_MS = 60_000
const FIRST_SLOTS = 256

/**
 * No stream is active yet. `idleMs` is `ingester.chunk_idle_period`. The buckets of all streams are columns,
 * as a hundred thousand small objects would be a good part of what such a tenant costs.
 */
export function makeActiveStreams(idleMs: number): ActiveStreams {
  const slots = new Map<string, number>()
  const free: number[] = []
  let tokens = new Float64Array(FIRST_SLOTS)
  let lastMs = new Float64Array(FIRST_SLOTS)
  let used = 0
  let sweptMs = 0
  const bucket: TokenBucket = { tokens: 0, lastMs: 0 }
  const sweep = (nowMs: number): void => {
    sweptMs = nowMs
    for (const [key, slot] of slots) {
      if (nowMs - lastMs[slot] <= idleMs) continue
      slots.delete(key)
      free.push(slot)
    }
  }
  const take = (key: string): number => {
    const slot = free.pop() ?? used++
    if (slot === tokens.length) {
      tokens = twiceAsLong(tokens)
      lastMs = twiceAsLong(lastMs)
    }
    slots.set(key, slot)
    return slot
  }
  return {
    get size() {
      return slots.size
    },
    admit(key, bytes, limits, nowMs) {
      if (nowMs - sweptMs > SWEEP_EVERY_MS) sweep(nowMs)
      const { per_stream_rate_limit: rate, per_stream_rate_limit_burst: burst } = limits
      let slot = slots.get(key)
      if (slot === undefined) {
        if (isFull(slots.size, limits)) return 'stream_limit'
        slot = take(key)
        tokens[slot] = burst
        lastMs[slot] = nowMs
      }
      bucket.tokens = tokens[slot]
      bucket.lastMs = lastMs[slot]
      const isTaken = takeTokens(bucket, bytes, rate, burst, nowMs)
      tokens[slot] = bucket.tokens
      lastMs[slot] = nowMs
      return isTaken ? 'ok' : 'per_stream_rate_limit'
    },
  }
}

function twiceAsLong(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2)
  longer.set(column)
  return longer
}

function isFull(size: number, limits: Limits): boolean {
  const { max_streams_per_user: local, max_global_streams_per_user: global } = limits
  return (local > 0 && size >= local) || (global > 0 && size >= global)
}
