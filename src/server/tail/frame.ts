import { labelsText } from '#base/labels.ts'
import { printRfc3339Nano } from '#base/rfc3339.ts'
import { timestampText } from '#base/timestamp.ts'
import { entryJson } from '../json/results.ts'
import { labelsJson, lineJson } from '../json/text.ts'
import type { DroppedEntry, TailEntry } from './tail-queue.ts'

/** Writes the text of one WebSocket frame. */
export type FrameWriter = (entries: readonly TailEntry[], dropped: readonly DroppedEntry[]) => string

/** Frames of `/loki/api/v1/tail`. Neighbours that share their labels share a stream object. */
export function makeFrameWriter(encodingFlags: readonly string[]): FrameWriter {
  const categorize = encodingFlags.includes('categorize-labels')
  const flags = encodingFlags.length === 0 ? '' : `,"encodingFlags":${JSON.stringify(encodingFlags)}`
  return (entries, dropped) => {
    let streams = ''
    let last = ''
    for (const entry of entries) {
      const labels = labelsJson(categorize ? entry.streamLabels : entry.labels)
      const value = entryJson(entry, categorize)
      if (labels === last) {
        streams += `,${value}`
        continue
      }
      if (last !== '') streams += ']},'
      streams += `{"stream":${labels},"values":[${value}`
      last = labels
    }
    if (last !== '') streams += ']}'
    const lost = dropped.length === 0 ? '' : `,"dropped_entries":[${dropped.map(droppedJson).join(',')}]`
    return `{"streams":[${streams}]${lost}${flags}}`
  }
}

function droppedJson({ tsMs, tsNs, labels }: DroppedEntry): string {
  return `{"timestamp":"${timestampText(tsMs, tsNs)}","labels":${labelsJson(labels)}}`
}

/** Frames of `/api/prom/tail`: labels as text, times as RFC 3339. */
export function writeLegacyFrame(entries: readonly TailEntry[], dropped: readonly DroppedEntry[]): string {
  const streams = entries.map(({ labels, tsMs, tsNs, line }) => {
    const moment = printRfc3339Nano({ ms: tsMs, ns: tsNs }, 'UTC')
    const entry = `{"ts":"${moment}","line":${lineJson(line)}}`
    return `{"labels":${JSON.stringify(labelsText(labels))},"entries":[${entry}]}`
  })
  const lost = dropped.map(({ tsMs, tsNs, labels }) => {
    const moment = printRfc3339Nano({ ms: tsMs, ns: tsNs }, 'UTC')
    return `{"timestamp":"${moment}","labels":${JSON.stringify(labelsText(labels))}}`
  })
  const droppedText = lost.length === 0 ? 'null' : `[${lost.join(',')}]`
  return `{"streams":[${streams.join(',')}],"dropped_entries":${droppedText}}\n`
}
