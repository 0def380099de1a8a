import type { Limits } from '#config/schema/limits.ts'
import { makeTokenBucket, type TokenBucket, takeTokens } from './token-bucket.ts'

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

interface ActiveStream {
  readonly bucket: TokenBucket
  lastMs: number
}

/** How often idle streams are looked for, while pushes come in. */
const SWEEP_EVERY_MS = 60_000

/** No stream is active yet. `idleMs` is `ingester.chunk_idle_period`. */
export function makeActiveStreams(idleMs: number): ActiveStreams {
  const streams = new Map<string, ActiveStream>()
  let sweptMs = 0
  const sweep = (nowMs: number): void => {
    sweptMs = nowMs
    for (const [key, { lastMs }] of streams) if (nowMs - lastMs > idleMs) streams.delete(key)
  }
  return {
    get size() {
      return streams.size
    },
    admit(key, bytes, limits, nowMs) {
      if (nowMs - sweptMs > SWEEP_EVERY_MS) sweep(nowMs)
      let stream = streams.get(key)
      if (stream === undefined) {
        if (isFull(streams.size, limits)) return 'stream_limit'
        stream = { bucket: makeTokenBucket(limits.per_stream_rate_limit_burst, nowMs), lastMs: nowMs }
        streams.set(key, stream)
      }
      stream.lastMs = nowMs
      const { per_stream_rate_limit: rate, per_stream_rate_limit_burst: burst } = limits
      return takeTokens(stream.bucket, bytes, rate, burst, nowMs) ? 'ok' : 'per_stream_rate_limit'
    },
  }
}

function isFull(size: number, limits: Limits): boolean {
  const { max_streams_per_user: local, max_global_streams_per_user: global } = limits
  return (local > 0 && size >= local) || (global > 0 && size >= global)
}
