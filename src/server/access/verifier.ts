import { createHmac, randomBytes } from 'node:crypto'
import { type SecretHash, verifySecret } from './secret-hash.ts'

/** Answers of one kind that are remembered, at most; the oldest is forgotten first. */
const MAX_REMEMBERED = 10_000
/** A wrong secret is refused without computing for this long. */
const REFUSAL_KEPT_MS = 60_000
/** Hashes that are computed at a time: each takes 32 MB and a thread that the disk needs, too. */
const MAX_RUNNING = 2
/** Requests that wait for one; whoever guesses in bulk meets this. */
const MAX_WAITING = 64

/** Too many unknown secrets are being checked; answered with 503. */
export class VerifierBusy extends Error {}

/** Checks secrets against hashes, and remembers the answers for as long as it lives. */
export interface Verifier {
  /**
   * Which of the hashes the secret belongs to; `undefined` for none. `realm` is what the answer is
   * remembered under, beside the secret: it must tell the hashes apart.
   * @throws VerifierBusy
   */
  find(realm: string, secret: string, hashes: readonly SecretHash[]): Promise<number | undefined>
}

/** Makes a verifier that remembers nothing yet. A new one is needed when hashes change. */
export function makeVerifier(nowMs: () => number = Date.now): Verifier {
  // What is remembered is keyed by a digest nobody outside can compute: no secret lies in memory, and the
  // time of a look-up says nothing about it.
  const key = randomBytes(32)
  const accepted = new Map<string, number>()
  const refusedMs = new Map<string, number>()
  const running = new Map<string, Promise<number | undefined>>()
  const slots = makeSlots()

  const compute = async (
    digest: string,
    secret: string,
    hashes: readonly SecretHash[],
  ): Promise<number | undefined> => {
    for (const [i, hash] of hashes.entries()) {
      if (!(await slots.run(() => verifySecret(secret, hash)))) continue
      remember(accepted, digest, i)
      return i
    }
    remember(refusedMs, digest, nowMs())
    return undefined
  }

  return {
    async find(realm, secret, hashes) {
      const digest = createHmac('sha256', key).update(`${realm}\0${secret}`).digest('base64')
      const known = accepted.get(digest)
      if (known !== undefined) return known
      if (nowMs() - (refusedMs.get(digest) ?? Number.NEGATIVE_INFINITY) < REFUSAL_KEPT_MS) return undefined
      const under = running.get(digest)
      if (under !== undefined) return await under
      const computed = compute(digest, secret, hashes).finally(() => running.delete(digest))
      running.set(digest, computed)
      return await computed
    },
  }
}

function remember(into: Map<string, number>, digest: string, value: number): void {
  into.delete(digest)
  into.set(digest, value)
  if (into.size <= MAX_REMEMBERED) return
  for (const oldest of into.keys()) {
    into.delete(oldest)
    return
  }
}

interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>
}

function makeSlots(): Slots {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    async run(work) {
      if (taken >= MAX_RUNNING) {
        if (waiting.length >= MAX_WAITING) throw new VerifierBusy()
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else taken++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) taken--
        else next()
      }
    },
  }
}
