import { type Labels, makeLabels } from '#base/labels.ts'
import { LEVELS, levelCode, severityCode } from './level-words.ts'

/** The structured metadata that several rows of a request share, ready to store. */
export interface MetadataSet {
  /** Normalised pairs, `detected_level` left out. */
  readonly labels: Labels
  /** Σ of name and value lengths in bytes, for limits and rates; `detected_level` does not count. */
  readonly sizeBytes: number
  /** Pairs as sent, `detected_level` not counted. */
  readonly count: number
  /** The level these pairs state, by `detected_level` itself, a level field or a severity number. */
  readonly level: StatedLevel | undefined
  /** A name that cannot be normalised: the row is refused. */
  readonly badName: string | undefined
}

/** A level that a label or metadata states. What is no level word is kept as it is. */
export interface StatedLevel {
  readonly text: string
  /** `detected_level` was sent by the client: it beats the stream's labels. */
  readonly explicit: boolean
}

/** What rows without metadata share. */
export const NO_METADATA: MetadataSet = {
  labels: [],
  sizeBytes: 0,
  count: 0,
  level: undefined,
  badName: undefined,
}

/** Normalises metadata pairs and finds the level they state. `levelFields` is `log_level_fields`. */
export function makeMetadataSet(
  pairs: readonly (readonly [name: string, value: string])[],
  levelFields: readonly string[],
): MetadataSet {
  let sizeBytes = 0
  let count = 0
  let badName: string | undefined
  const kept: [string, string][] = []
  for (const [name, value] of pairs) {
    if (name !== 'detected_level') {
      sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value)
      count++
    }
    const normal = normalizeName(name)
    if (normal === undefined) badName ??= name
    else if (normal !== 'detected_level') kept.push([normal, value.replaceAll('�', ' ')])
  }
  return { labels: makeLabels(kept), sizeBytes, count, level: statedLevel(pairs, levelFields), badName }
}

/** The normal form of a level text: a level word, or the text itself where it is none. */
export function normalLevel(text: string): string {
  const code = levelCode(text)
  return code < 0 ? text : LEVELS[code]
}

function statedLevel(
  pairs: readonly (readonly [name: string, value: string])[],
  levelFields: readonly string[],
): StatedLevel | undefined {
  const sent = (wanted: string): string | undefined =>
    pairs.find(([name, value]) => name === wanted && value !== '')?.[1]
  const explicit = sent('detected_level')
  if (explicit !== undefined) return { text: normalLevel(explicit), explicit: true }
  for (const field of levelFields) {
    const value = sent(field)
    if (value !== undefined) return { text: normalLevel(value), explicit: false }
  }
  const severity = sent('severity_number')
  return severity === undefined ? undefined : { text: LEVELS[severityCode(severity)], explicit: false }
}

/**
 * Loki's normal form of a metadata name: every run of characters outside `[A-Za-z0-9]` becomes one `_`,
 * names like
 * `__x__` stay, a leading digit gets `key_` in front. `undefined` for names without any letter or digit.
 */
export function normalizeName(name: string): string | undefined {
  if (/^[A-Za-z][A-Za-z0-9]*$/.test(name)) return name
  if (/^__[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*__$/.test(name)) return name
  const normal = name.replace(/[^A-Za-z0-9]+/g, '_')
  if (normal === '_' || normal === '') return undefined
  return /^\d/.test(normal) ? `key_${normal}` : normal
}
