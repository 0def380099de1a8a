/** A token bucket: `ratePerS` tokens come in per second, at most `burst` are kept. Starts full. */
export interface TokenBucket {
  tokens: number
  lastMs: number
}

/** A full bucket. */
export function makeTokenBucket(burst: number, nowMs: number): TokenBucket {
  return { tokens: burst, lastMs: nowMs }
}

/** Takes `amount` tokens if they are there; takes nothing otherwise. */
export function takeTokens(
  bucket: TokenBucket,
  amount: number,
  ratePerS: number,
  burst: number,
  nowMs: number,
): boolean {
  const elapsedMs = Math.max(0, nowMs - bucket.lastMs)
  bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * ratePerS) / 1000)
  bucket.lastMs = nowMs
  if (bucket.tokens < amount) return false
  bucket.tokens -= amount
  return true
}
