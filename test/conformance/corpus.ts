import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { RecordedCase } from './compare.ts'

/** The fixed data that the recorded requests ask about. */
export interface Dataset {
  readonly streams: readonly {
    readonly labels: Record<string, string>
    readonly entries: readonly (readonly unknown[])[]
  }[]
}

function readGzipped(name: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, import.meta.url))).toString())
}

/** 43 streams and 3,765 entries of 2026-11-20, 10:00 to 11:30 UTC. */
export function readDataset(): Dataset {
  return readGzipped('dataset.json.gz') as Dataset
}

/** 2,487 requests with the answers of Grafana Loki (main branch after 3.8.0), in the order to send them. */
export function readCases(): RecordedCase[] {
  return readGzipped('cases.json.gz') as RecordedCase[]
}

/** Pushes the data, stream after stream and entries in the order of the file: some are late on purpose. */
export async function loadDataset(base: string, dataset: Dataset): Promise<void> {
  for (const { labels, entries } of dataset.streams) {
    for (let from = 0; from < entries.length; from += 500) {
      const response = await fetch(`${base}/loki/api/v1/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ streams: [{ stream: labels, values: entries.slice(from, from + 500) }] }),
      })
      if (response.status !== 204) throw new Error(`push: ${response.status} ${await response.text()}`)
    }
  }
  await flush(base)
}

/** Moves what was pushed into segments, as the recorded Loki had its chunks flushed. */
export async function flush(base: string): Promise<void> {
  await fetch(`${base}/flush`, { method: 'POST' })
}
