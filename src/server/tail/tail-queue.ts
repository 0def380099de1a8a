import type { Labels } from '#base/labels.ts'
import { compareTimestamps } from '#base/timestamp.ts'

/** An entry on its way to a client that follows a query. */
export interface TailEntry {
  readonly tsMs: number
  readonly tsNs: number
  readonly line: string
  /** All labels: those of the stream, of metadata, and of parsers. */
  readonly labels: Labels
  /** The same by where they come from, for `categorize-labels`. */
  readonly streamLabels: Labels
  readonly metadata: Labels
  readonly parsed: Labels
}

/** An entry that there was no room for: its time and labels. */
export interface DroppedEntry {
  readonly tsMs: number
  readonly tsNs: number
  readonly labels: Labels
}

/** Entries that wait for a client, within bounds: what does not fit is dropped and remembered by its time. */
export interface TailQueue {
  push(entry: TailEntry, nowMs: number): void
  /** Removes and returns what has waited long enough, by time. */
  takeReady(nowMs: number): TailEntry[]
  /** Gives back, in their order, entries that could not be sent. */
  putBack(entries: readonly TailEntry[], nowMs: number): void
  /** Removes the entries that `test` says yes to. */
  discard(test: (entry: TailEntry) => boolean): void
  takeDropped(): DroppedEntry[]
  /** Nothing more can be taken in or remembered, so rows need not even be looked at. */
  readonly isSaturated: boolean
}

interface Waiting {
  readonly entry: TailEntry
  /** When it may go, ms. */
  readonly readyMs: number
}

/** How much may wait for one client. */
export interface TailQueueLimits {
  readonly entries: number
  /** Characters of lines. */
  readonly chars: number
  readonly dropped: number
}

const LIMITS: TailQueueLimits = { entries: 10_000, chars: 8 * 2 ** 20, dropped: 1000 }

/** An empty queue that holds every entry back for `delayMs` after its time or its arrival. */
export function makeTailQueue(delayMs: number, limits: TailQueueLimits = LIMITS): TailQueue {
  let waiting: Waiting[] = []
  let chars = 0
  let dropped: DroppedEntry[] = []
  const isFull = (): boolean => waiting.length >= limits.entries || chars >= limits.chars
  const remove = (test: (each: Waiting) => boolean): Waiting[] => {
    const removed = waiting.filter(test)
    if (removed.length === 0) return removed
    waiting = removed.length === waiting.length ? [] : waiting.filter((each) => !removed.includes(each))
    for (const { entry } of removed) chars -= entry.line.length
    return removed
  }
  const add = (entry: TailEntry, readyMs: number): void => {
    waiting.push({ entry, readyMs })
    chars += entry.line.length
  }
  return {
    get isSaturated() {
      return dropped.length >= limits.dropped && isFull()
    },
    push(entry, nowMs) {
      if (!isFull()) add(entry, Math.min(entry.tsMs, nowMs) + delayMs)
      else if (dropped.length < limits.dropped) dropped.push(entry)
    },
    takeReady(nowMs) {
      const ready = remove(({ readyMs }) => readyMs <= nowMs).map(({ entry }) => entry)
      return ready.sort((a, b) => compareTimestamps(a.tsMs, a.tsNs, b.tsMs, b.tsNs))
    },
    putBack(entries, nowMs) {
      for (const entry of entries) add(entry, nowMs)
    },
    discard(test) {
      remove(({ entry }) => test(entry))
    },
    takeDropped() {
      const taken = dropped
      dropped = []
      return taken
    },
  }
}
