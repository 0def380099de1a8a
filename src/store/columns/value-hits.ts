import { Haystack } from '#kernels/haystack.ts'
import type { Needle } from '#kernels/needle.ts'
import type { ColumnText } from '../types.ts'
import { BEGINS, type BorderTest, ENDS } from './border-tests.ts'
import { foldedEquals } from './needle-at.ts'

/** The needle is in the value. */
export const FOUND = 1
/** It may run over the value's ends. */
export const UNSURE = 2

/** Per text: {@link FOUND} where the needle is in it; undefined where it is in none. */
export function textsContaining({ bytes, from, to }: ColumnText, needle: Needle): Uint8Array | undefined {
  const count = from.length
  if (count === 0) return undefined
  const haystack = new Haystack(bytes)
  const end = to[count - 1]
  let hits: Uint8Array | undefined
  let text = 0
  for (let at = haystack.find(needle, from[0], end); at !== -1; ) {
    while (to[text] <= at) text++
    // An occurrence that runs over the end of its text is none, and no later one in this text can do better.
    if (at >= from[text] && at + needle.bytes.length <= to[text]) {
      hits ??= new Uint8Array(count)
      hits[text] = FOUND
    }
    at = haystack.find(needle, to[text], end)
  }
  return hits
}

/** Per text what the question says of it; undefined where it is nothing of any. */
export function textsAtBorder(
  { bytes, from, to }: ColumnText,
  needle: Needle,
  { kind, at }: BorderTest,
): Uint8Array | undefined {
  const all = needle.bytes.length
  let hits: Uint8Array | undefined
  for (let text = 0; text < from.length; text++) {
    const length = to[text] - from[text]
    let hit = 0
    if (kind === BEGINS) {
      const common = Math.min(length, all - at)
      if (foldedEquals(bytes, from[text], needle, at, at + common)) hit = common === all - at ? FOUND : UNSURE
    } else if (length >= at && foldedEquals(bytes, to[text] - at, needle, 0, at)) {
      hit = kind === ENDS ? FOUND : UNSURE
    }
    if (hit === 0) continue
    hits ??= new Uint8Array(from.length)
    hits[text] = hit
  }
  return hits
}
