import { type Labels, labelsText } from '#base/labels.ts'
import { applyRules, type RelabelRules } from '#base/relabel.ts'

/** Remembers what a list of rules makes of each label set, least recently used first to go. */
export interface RelabelCache {
  /** As `applyRules`, from memory where the label set was seen before. */
  apply(labels: Labels): Labels | undefined
  readonly size: number
  readonly hits: number
  readonly misses: number
}

/** A cache of at most `maxSize` results; log streams repeat the same few label sets for ever. */
export function makeRelabelCache(rules: RelabelRules, maxSize: number): RelabelCache {
  const results = new Map<string, Labels | undefined>()
  let hits = 0
  let misses = 0
  const apply = (labels: Labels): Labels | undefined => {
    const key = labelsText(labels)
    if (results.has(key)) {
      hits++
      const known = results.get(key)
      // A Map keeps insertion order, so taking out and putting back marks the key as the most recently used.
      results.delete(key)
      results.set(key, known)
      return known
    }
    misses++
    const made = applyRules(rules, labels)
    results.set(key, made)
    if (results.size > maxSize) {
      for (const oldest of results.keys()) {
        results.delete(oldest)
        break
      }
    }
    return made
  }
  return {
    apply,
    get size() {
      return results.size
    },
    get hits() {
      return hits
    },
    get misses() {
      return misses
    },
  }
}
