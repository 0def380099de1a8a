import type { Labels } from '#base/labels.ts'
import { labelsText } from '#base/labels.ts'
import { type Delivery, type LogBatch, type LogEntry, makeDelivery } from '../pipeline.ts'
import type { StageEntry } from './entry.ts'

/** Gathers processed entries into batches of one label set each. */
export interface OutputBatches {
  add(entry: StageEntry): void
  /** The batches since the last call, in order of their first entry. */
  take(): LogBatch[]
}

interface OpenBatch {
  readonly labels: Labels
  readonly entries: LogEntry[]
  /** How many places each source delivery has in this batch. */
  readonly held: Map<Delivery, number>
}

/** A batch is delivered for its sources when it has been delivered itself: each entry holds one place. */
export function makeOutputBatches(): OutputBatches {
  let open = new Map<string, OpenBatch>()
  // Entries whose labels no stage has touched share one object, so its text is made once.
  const texts = new WeakMap<Labels, string>()
  const textOf = (labels: Labels): string => {
    let text = texts.get(labels)
    if (text === undefined) {
      text = labelsText(labels)
      texts.set(labels, text)
    }
    return text
  }
  return {
    add(entry) {
      const { labels, delivery } = entry
      const key = textOf(labels)
      let batch = open.get(key)
      if (batch === undefined) {
        batch = { labels, entries: [], held: new Map() }
        open.set(key, batch)
      }
      batch.entries.push(entry.toEntry())
      batch.held.set(delivery, (batch.held.get(delivery) ?? 0) + 1)
    },
    take() {
      const batches = [...open.values()].map(({ labels, entries, held }): LogBatch => {
        const delivery = makeDelivery(() => {
          for (const [source, count] of held) for (let i = 0; i < count; i++) source.done()
        })
        return { labels, entries, delivery }
      })
      open = new Map()
      return batches
    },
  }
}
