import { nodeCrypto } from '#base/node-crypto.ts'
import { type Allowlist, isAllowed } from './allowlist.ts'
import { makeKeywordScan } from './keyword-scan.ts'
import type { SecretRule } from './secret-rules.ts'

/** A secret in a line. */
export interface FoundSecret {
  readonly rule: string
  readonly from: number
  readonly to: number
  readonly text: string
}

/** Finds the secrets of a line, in order and without overlap. */
export type SecretFinder = (line: string, isOverdue?: () => boolean) => readonly FoundSecret[]

const NONE: readonly FoundSecret[] = []

/**
 * Makes a finder. A line that has no keyword of any rule costs one pass over it.
 * @param allowlists what no rule counts
 */
export function makeSecretFinder(
  rules: readonly SecretRule[],
  allowlists: readonly Allowlist[] = [],
): SecretFinder {
  const scan = makeKeywordScan(rules.map((rule) => rule.keywords))
  return (line, isOverdue) => {
    const candidates = scan(line)
    if (candidates.length === 0) return NONE
    const found: FoundSecret[] = []
    for (const candidate of candidates) {
      if (isOverdue?.()) break
      const { id, pattern, minEntropy, allowlists: ownAllowlists = [] } = rules[candidate]
      for (const match of pattern(line)) {
        const { from, to } = match
        const text = line.slice(from, to)
        if (text === '' || (minEntropy !== undefined && entropy(text) <= minEntropy)) continue
        if (isAllowed(allowlists, line, match) || isAllowed(ownAllowlists, line, match)) continue
        found.push({ rule: id, from, to, text })
      }
    }
    return found.length < 2 ? found : withoutOverlap(found)
  }
}

/** Of secrets that overlap the one that begins first stays, of those the longest. */
function withoutOverlap(found: readonly FoundSecret[]): FoundSecret[] {
  const kept: FoundSecret[] = []
  let end = 0
  for (const secret of found.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (secret.from < end) {
      // What hangs over the end of the one before is secret, too.
      const last = kept.at(-1)
      if (last !== undefined && secret.to > end) {
        kept[kept.length - 1] = {
          ...last,
          to: secret.to,
          text: last.text + secret.text.slice(end - secret.from),
        }
        end = secret.to
      }
      continue
    }
    kept.push(secret)
    end = secret.to
  }
  return kept
}

/** Shannon entropy in bits per character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** How a secret is shown. */
export interface RedactOptions {
  /** Takes the secret's place; `$SECRET_NAME` and `$SECRET_HASH` (SHA-1) are filled in. Empty: see below. */
  readonly redactWith: string
  /** Without `redactWith`: percentage of the secret that is cut off its end; from 100 nothing is left. */
  readonly redactPercent: number
}

/** A line with its secrets replaced. */
export function redact(line: string, found: readonly FoundSecret[], options: RedactOptions): string {
  let out = ''
  let at = 0
  for (const secret of found) {
    out += line.slice(at, secret.from) + shown(secret, options)
    at = secret.to
  }
  return out + line.slice(at)
}

function shown({ rule, text }: FoundSecret, { redactWith, redactPercent }: RedactOptions): string {
  if (redactWith !== '') {
    return redactWith
      .replaceAll('$SECRET_NAME', () => rule)
      .replaceAll('$SECRET_HASH', () => nodeCrypto().createHash('sha1').update(text).digest('hex'))
  }
  if (redactPercent >= 100) return 'REDACTED'
  return `${text.slice(0, Math.round((text.length * (100 - redactPercent)) / 100))}...`
}
