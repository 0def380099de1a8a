import type { CountedMetadata, Metadata } from '../types.ts'

/** What cells of counters are told apart by, next to minute and stream. */
export interface CountedLevel {
  /** `detected_level` of the rows, or `''`. */
  readonly level: string
  readonly metadata: CountedMetadata
}

/** From the least that rows carry to the most; a kind's place is its number in files. */
export const COUNTED_METADATA: readonly CountedMetadata[] = ['level', 'other', 'reserved']

/** How rows with this metadata are counted. */
export function countedLevel(set: Metadata): CountedLevel {
  let level = ''
  let metadata: CountedMetadata = 'level'
  for (const [name, value] of set) {
    if (name === 'detected_level') level = value
    if (name.startsWith('__')) metadata = 'reserved'
    // An empty level could not be told from none.
    else if ((name !== 'detected_level' || value === '') && metadata === 'level') metadata = 'other'
  }
  return { level, metadata }
}

/** Bytes of the values of a metadata set: names repeat, and Loki's volumes leave them out as well. */
export function metadataBytes(set: Metadata): number {
  let bytes = 0
  for (const [, value] of set) bytes += Buffer.byteLength(value)
  return bytes
}

/** The kind that covers both. */
export function widerMetadata(a: CountedMetadata, b: CountedMetadata): CountedMetadata {
  return COUNTED_METADATA.indexOf(a) > COUNTED_METADATA.indexOf(b) ? a : b
}
