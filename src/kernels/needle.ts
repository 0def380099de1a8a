import { invariant } from '#base/invariant.ts'

/** Bytes to look for, made ready. */
export interface Needle {
  /** Never empty. Where letter case is ignored, letters are lower case. */
  readonly bytes: Uint8Array
  /**
   * Per byte: 0x20 for a letter whose case is ignored, else 0. An input byte or-ed with it equals the
   * needle's.
   */
  readonly folds: Uint8Array
  readonly ignoreCase: boolean
  /** Offsets of the two bytes that logs have fewest of; the same one twice in a needle of one byte. */
  readonly rareA: number
  readonly rareB: number
}

/** Lower-cases an ASCII letter when or-ed to it. */
const CASE_BIT = 0x20

/**
 * What log lines consist of, most frequent first, by and large: JSON and logfmt with ids, times and English
 * words.
 */
const FREQUENT = '"e 0t:a1s2,di-ro45u6m3l7pc.98nb_/fhg=vyTw{}kqPGESOZ[]MHxN()LKCz+UIRDWA;XFjVB$<>\\\\'
const rarity = new Uint8Array(256).fill(FREQUENT.length)
for (let i = 0; i < FREQUENT.length; i++) rarity[FREQUENT.charCodeAt(i)] = i

/** Prepares a needle. `ignoreCase` is for ASCII letters only: other characters are looked for as they are. */
export function makeNeedle(bytes: Uint8Array, ignoreCase = false): Needle {
  invariant(bytes.length > 0, 'an empty needle')
  const folds = bytes.map((byte) => (ignoreCase && isLetter(byte) ? CASE_BIT : 0))
  const folded = bytes.map((byte, i) => byte | folds[i])
  const byRarity = Array.from(folded.keys()).sort((a, b) => rarity[folded[b]] - rarity[folded[a]])
  return { bytes: folded, folds, ignoreCase, rareA: byRarity[0], rareB: byRarity[1] ?? byRarity[0] }
}

function isLetter(byte: number): boolean {
  const lower = byte | CASE_BIT
  return lower >= 0x61 && lower <= 0x7a
}
