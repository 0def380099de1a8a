import type { CountedTime, CountRun, RowBatch, ScanRequest, TimeRange } from '../types.ts'
import { countedLevel, metadataBytes } from './counted-level.ts'
import { minuteOf } from './counter-table.ts'
import type { ActiveDelete } from './delete-log.ts'
import { meansStream, rowsOf, rowsWithout } from './hidden-rows.ts'
import { groupRuns, mergeRuns } from './merged-runs.ts'

const MINUTE_MS = 60_000

/** Lines and bytes of rows that are hidden, by stream, minute and level. */
export interface HiddenCounts {
  /** The runs without those rows. */
  subtractFrom(runs: readonly CountRun[]): CountRun[]
}

interface Sum {
  lines: number
  bytes: number
  metadataBytes: number
}

/** Hidden rows of streams and levels, by {@link runKey}, and minutes. */
type Sums = Map<string, Map<number, Sum>>

/**
 * Counts the rows that requests hide in a span of time, by reading them. What a request hides as a whole,
 * streams over whole minutes, is not read. Begins its scans at once, so that they see what the
 * caller sees in the same moment.
 */
export async function countHidden(
  deletes: readonly ActiveDelete[],
  matchers: ScanRequest['matchers'],
  time: CountedTime,
  scan: (request: ScanRequest) => AsyncIterable<{ readonly batches: readonly RowBatch[] }>,
): Promise<HiddenCounts> {
  const sums: Sums = new Map()
  const counting = deletes.flatMap((each, i) =>
    partsToRead(each, time).map(async (part) => {
      const { selection } = each
      const lines = selection.lines
      const request = { ...part, matchers: [...matchers, ...selection.matchers], lines }
      for await (const { batches } of scan({ ...request, direction: 'forward' })) {
        for (const batch of batches) {
          // What an earlier request hides is counted there.
          const own = rowsWithout(batch, rowsOf(batch, batch.rows, each), deletes.slice(0, i))
          addUp(sums, batch, own)
        }
      }
    }),
  )
  await Promise.all(counting)
  return { subtractFrom: (runs) => subtract(runs, sums, deletes) }
}

type Part = Pick<ScanRequest, 'fromMs' | 'fromNs' | 'toMs' | 'toNs'>

/** The times of a span whose rows must be read: all that the request means, or its broken minutes. */
function partsToRead(each: ActiveDelete, { fromMs, fromNs = 0, toMs, toNs = 0 }: CountedTime): Part[] {
  const whole = wholeMinutes(each)
  const { request } = each
  const from = justAfter(fromMs, fromNs)
  const all = {
    ...laterOf({ fromMs: from.toMs, fromNs: from.toNs }, request),
    ...earlierOf(justAfter(toMs, toNs), justAfter(request.toMs, request.toNs)),
  }
  const parts =
    whole === undefined
      ? [all]
      : [
          { ...all, ...earlierOf({ toMs: whole.fromMs, toNs: 1 }, all) },
          { ...all, ...laterOf({ fromMs: whole.toMs, fromNs: 1 }, all) },
        ]
  return parts.filter(
    (part) => part.fromMs < part.toMs || (part.fromMs === part.toMs && part.fromNs < part.toNs),
  )
}

/** The minutes in (fromMs, toMs] of which a request hides everything; undefined where it looks at lines. */
function wholeMinutes({ request, selection }: ActiveDelete): TimeRange | undefined {
  if (selection.lines.length > 0 || selection.test !== undefined) return undefined
  // A minute begins just after its first moment.
  const fromMs = Math.ceil((request.fromMs + (request.fromNs > 1 ? 1 : 0)) / MINUTE_MS) * MINUTE_MS
  const toMs = Math.floor(request.toMs / MINUTE_MS) * MINUTE_MS
  return fromMs < toMs ? { fromMs, toMs } : undefined
}

function justAfter(ms: number, ns: number): Pick<Part, 'toMs' | 'toNs'> {
  return ns === 999_999 ? { toMs: ms + 1, toNs: 0 } : { toMs: ms, toNs: ns + 1 }
}

function laterOf(a: Pick<Part, 'fromMs' | 'fromNs'>, b: Pick<Part, 'fromMs' | 'fromNs'>) {
  const { fromMs, fromNs } = a.fromMs > b.fromMs || (a.fromMs === b.fromMs && a.fromNs > b.fromNs) ? a : b
  return { fromMs, fromNs }
}

function earlierOf(a: Pick<Part, 'toMs' | 'toNs'>, b: Pick<Part, 'toMs' | 'toNs'>) {
  const { toMs, toNs } = a.toMs < b.toMs || (a.toMs === b.toMs && a.toNs < b.toNs) ? a : b
  return { toMs, toNs }
}

function runKey(streamKey: string, level: string): string {
  return `${level}\0${streamKey}`
}

function addUp(sums: Sums, batch: RowBatch, rows: Uint32Array): void {
  const { tsMs, tsNs, metadata, rowMetadata, stream } = batch
  let minute = Number.NaN
  let set = -1
  let ofSet = 0
  let sum: Sum = { lines: 0, bytes: 0, metadataBytes: 0 }
  for (const row of rows) {
    // Row after row mostly falls into one cell.
    const rowMinute = minuteOf(tsMs[row], tsNs[row])
    if (rowMinute !== minute || rowMetadata[row] !== set) {
      minute = rowMinute
      set = rowMetadata[row]
      ofSet = metadataBytes(metadata[set])
      sum = sumOf(sums, runKey(stream.key, countedLevel(metadata[set]).level), minute)
    }
    sum.lines++
    sum.bytes += batch.lineSize(row)
    sum.metadataBytes += ofSet
  }
}

function sumOf(sums: Sums, key: string, minute: number): Sum {
  let byMinute = sums.get(key)
  if (byMinute === undefined) sums.set(key, (byMinute = new Map()))
  let sum = byMinute.get(minute)
  if (sum === undefined) byMinute.set(minute, (sum = { lines: 0, bytes: 0, metadataBytes: 0 }))
  return sum
}

function subtract(runs: readonly CountRun[], sums: Sums, deletes: readonly ActiveDelete[]): CountRun[] {
  const wholes = deletes.flatMap((each) => {
    const minutes = wholeMinutes(each)
    return minutes === undefined ? [] : [{ each, minutes }]
  })
  return groupRuns(runs).flatMap((group) => {
    const [{ stream, level }] = group
    const hidden = sums.get(runKey(stream.key, level))
    const gone = wholes
      .filter(({ each }) => meansStream(each.selection.matchers, stream))
      .map(({ minutes }) => minutes)
    return hidden === undefined && gone.length === 0 ? group : [without(mergeRuns(group), hidden, gone)]
  })
}

/** A run of which some rows are hidden, and everything in some minutes. Its cells are one to a minute. */
function without(
  run: CountRun,
  hidden: ReadonlyMap<number, Sum> | undefined,
  gone: readonly TimeRange[],
): CountRun {
  const { minute, lines, bytes, metadataBytes: ofMetadata } = run.columns
  const columns = {
    minute: minute.slice(run.from, run.to),
    lines: lines.slice(run.from, run.to),
    bytes: bytes.slice(run.from, run.to),
    metadataBytes: ofMetadata.slice(run.from, run.to),
  }
  let left = 0
  for (let i = run.from; i < run.to; i++) {
    const minuteMs = minute[i] * MINUTE_MS
    if (gone.some(({ fromMs, toMs }) => minuteMs >= fromMs && minuteMs < toMs)) continue
    const sum = hidden?.get(minute[i])
    if (sum !== undefined && sum.lines >= lines[i]) continue
    columns.minute[left] = minute[i]
    columns.lines[left] = lines[i] - (sum?.lines ?? 0)
    columns.bytes[left] = bytes[i] - (sum?.bytes ?? 0)
    columns.metadataBytes[left] = ofMetadata[i] - (sum?.metadataBytes ?? 0)
    left++
  }
  return { ...run, columns, from: 0, to: left }
}
