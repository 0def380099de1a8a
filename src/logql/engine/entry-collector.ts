import { type Labels, labelsText } from '#base/labels.ts'
import type { StreamRef } from '#store/types.ts'
import { tooMuchMemory } from '../error.ts'
import type { PassedEntry } from './batch-cursor.ts'
import type { RangeQuery, ResultEntry, ResultStream } from './types.ts'

/** Roughly what an entry holds on to beside its line. */
const ENTRY_BYTES = 160

/** Entries of one final label set, as they are gathered. */
interface Gathered {
  readonly streamLabels: Labels
  readonly labels: Labels
  readonly entries: ResultEntry[]
}

/** What the last entry of a source stream was, for finding its repetitions. */
interface LastOfStream {
  tsMs: number
  tsNs: number
  /** Labels and lines seen at that time. */
  seen: { labels: Labels; line: string }[]
}

/** What decides which entries a log query returns, and how they are grouped. */
export type EntryWishes = Pick<RangeQuery, 'direction' | 'limit' | 'intervalMs' | 'categorize'>

/** Gathers entries in time order: leaves out repetitions, spaces them by the interval, stops at the limit. */
export class EntryCollector {
  readonly forward: boolean
  readonly #categorize: boolean
  readonly #limit: number
  readonly #maxBytes: number
  #heldBytes = 0
  readonly #intervalMs: number
  readonly #groups = new Map<string, Gathered>()
  readonly #groupOf = new Map<Labels, Gathered>()
  readonly #lastOfStream = new Map<StreamRef, LastOfStream>()
  #lastMs = Number.NaN
  #lastNs = 0
  count = 0

  /** `maxBytes`: how much memory they may take; 0 is no limit. */
  constructor(query: EntryWishes, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.forward = query.direction === 'forward'
    this.#categorize = query.categorize === true
    this.#limit = query.limit
    this.#intervalMs = query.intervalMs
  }

  /** Takes an entry. Returns whether no more are wanted. */
  add(entry: PassedEntry): boolean {
    const group = this.#group(entry)
    if (this.#isRepetition(entry) || this.#isTooSoon(entry)) return false
    this.#lastMs = entry.tsMs
    this.#lastNs = entry.tsNs
    const { metadata, parsed } = entry.labels.split
    group.entries.push({ tsMs: entry.tsMs, tsNs: entry.tsNs, line: entry.line, metadata, parsed })
    this.#heldBytes += ENTRY_BYTES + entry.line.length * 2
    if (this.#maxBytes > 0 && this.#heldBytes > this.#maxBytes) {
      throw tooMuchMemory(`${this.count + 1} lines`, this.#maxBytes)
    }
    return ++this.count >= this.#limit
  }

  /** The gathered streams, by label text. */
  streams(): ResultStream[] {
    return [...this.#groups]
      .filter(([, group]) => group.entries.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, group]) => group)
  }

  #group({ labels }: PassedEntry): Gathered {
    const known = this.#groupOf.get(labels.all)
    if (known !== undefined) return known
    const identity = this.#categorize ? labels.split.stream : labels.all
    const key = labelsText(identity)
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { streamLabels: labels.split.stream, labels: identity, entries: [] }
      this.#groups.set(key, group)
    }
    this.#groupOf.set(labels.all, group)
    return group
  }

  /** Within one source stream, entries that end up equal in time, line and labels are one. */
  #isRepetition({ stream, tsMs, tsNs, line, labels }: PassedEntry): boolean {
    const last = this.#lastOfStream.get(stream)
    if (last === undefined) {
      this.#lastOfStream.set(stream, { tsMs, tsNs, seen: [{ labels: labels.all, line }] })
      return false
    }
    if (last.tsMs !== tsMs || last.tsNs !== tsNs) {
      last.tsMs = tsMs
      last.tsNs = tsNs
      last.seen.length = 0
    } else if (last.seen.some((seen) => seen.line === line && sameLabels(seen.labels, labels.all)))
      return true
    last.seen.push({ labels: labels.all, line })
    return false
  }

  #isTooSoon({ tsMs, tsNs }: PassedEntry): boolean {
    if (this.#intervalMs <= 0 || Number.isNaN(this.#lastMs)) return false
    const sign = this.forward ? 1 : -1
    const sinceMs = (tsMs - this.#lastMs) * sign
    return sinceMs < this.#intervalMs || (sinceMs === this.#intervalMs && (tsNs - this.#lastNs) * sign < 0)
  }
}

function sameLabels(a: Labels, b: Labels): boolean {
  return a === b || labelsText(a) === labelsText(b)
}
