import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { OperatorError } from '#base/errors.ts'

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** 2^15 × 8 × 128 bytes: 32 MB and some 50 ms for each guess, as OWASP's list of parameters has it. */
const COST = { log2N: 15, r: 8, p: 1 } as const
const SALT_BYTES = 16
const KEY_BYTES = 32
/** Of a hash from elsewhere: what a server can afford to compute while it does its work. */
const MAX_MEMORY_BYTES = 256 * 2 ** 20

/** A hash as it stands in a file, taken apart. */
export interface SecretHash {
  readonly log2N: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly key: Buffer
}

/** Makes `scrypt:15:8:1:<salt>:<key>` of a secret, both base64url; the salt is new each time. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(secret, { ...COST, salt, key: Buffer.alloc(KEY_BYTES) })
  const { log2N, r, p } = COST
  return `scrypt:${log2N}:${r}:${p}:${salt.toString('base64url')}:${key.toString('base64url')}`
}

/**
 * Reads what {@link hashSecret} has made.
 * @throws OperatorError `secret_hash` for anything else, above all a secret that stands there in the clear
 */
export function parseSecretHash(text: string): SecretHash {
  const match = /^scrypt:(\d{1,2}):(\d{1,2}):(\d{1,2}):([\w-]{11,}):([\w-]{22,})$/.exec(text)
  if (match === null) {
    throw new OperatorError('secret_hash', 'is not a hash; make one with `logboom hash-secret`')
  }
  const [log2N, r, p] = match.slice(1, 4).map(Number)
  const memory = 128 * 2 ** log2N * r
  if (log2N < 10 || r < 1 || p < 1 || p > 16 || memory > MAX_MEMORY_BYTES) {
    throw new OperatorError('secret_hash', `has parameters that are not taken (${log2N}:${r}:${p})`)
  }
  return { log2N, r, p, salt: Buffer.from(match[4], 'base64url'), key: Buffer.from(match[5], 'base64url') }
}

/** Whether a secret is the one that was hashed; takes as long whether it is or not. */
export async function verifySecret(secret: string, hash: SecretHash): Promise<boolean> {
  return timingSafeEqual(await derive(secret, hash), hash.key)
}

function derive(secret: string, { log2N, r, p, salt, key }: SecretHash): Promise<Buffer> {
  const N = 2 ** log2N
  return scryptAsync(secret, salt, key.length, { N, r, p, maxmem: 256 * N * r })
}
