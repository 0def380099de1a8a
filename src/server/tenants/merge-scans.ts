import type { Direction, RowBatch, Scan, ScanStats, ScanWindow, StreamRef } from '#store/types.ts'

/** One of several scans, and what its streams are called in the whole. */
export interface NamedScan {
  readonly scan: Scan
  rename(stream: StreamRef): StreamRef
}

interface Cursor {
  readonly iterator: AsyncIterator<ScanWindow>
  readonly rename: (stream: StreamRef) => StreamRef
  /** The window at hand; undefined at the end. */
  window: ScanWindow | undefined
  /** What of it has not been handed out. */
  batches: readonly RowBatch[]
}

/**
 * Several scans of one range as one. Their windows differ: each window of the whole ends where the first of
 * theirs does, and what lies beyond waits for the next.
 */
export function mergeScans(scans: readonly NamedScan[], direction: Direction): Scan {
  return {
    stats: sumStats(scans.map(({ scan }) => scan.stats)),
    [Symbol.asyncIterator]: () => mergeWindows(scans, direction),
  }
}

function sumStats(all: readonly ScanStats[]): ScanStats {
  const sum = (name: keyof ScanStats): number => all.reduce((total, stats) => total + stats[name], 0)
  return {
    get blocks() {
      return sum('blocks')
    },
    get blocksPruned() {
      return sum('blocksPruned')
    },
    get compressedBytes() {
      return sum('compressedBytes')
    },
    get lineBytes() {
      return sum('lineBytes')
    },
    get lines() {
      return sum('lines')
    },
    get headLines() {
      return sum('headLines')
    },
    get headBytes() {
      return sum('headBytes')
    },
    get streams() {
      return sum('streams')
    },
  }
}

async function* mergeWindows(scans: readonly NamedScan[], direction: Direction): AsyncGenerator<ScanWindow> {
  const forward = direction === 'forward'
  const cursors = scans.map(({ scan, rename }): Cursor => {
    return { iterator: scan[Symbol.asyncIterator](), rename, window: undefined, batches: [] }
  })
  let lastEdgeMs = forward ? -Infinity : Infinity
  try {
    for (const cursor of cursors) await advance(cursor)
    for (;;) {
      const windows = cursors.flatMap(({ window }) => (window === undefined ? [] : [window]))
      if (windows.length === 0) return
      const starts = windows.map((window) => window.fromMs)
      const ends = windows.map((window) => window.toMs)
      // A window that waited has been handed out up to the last edge.
      const fromMs = forward ? Math.max(lastEdgeMs, Math.min(...starts)) : Math.max(...starts)
      const toMs = forward ? Math.min(...ends) : Math.min(lastEdgeMs, Math.max(...ends))
      const edgeMs = forward ? toMs : fromMs
      lastEdgeMs = edgeMs
      const batches: RowBatch[] = []
      for (const cursor of cursors) takeUpTo(cursor, edgeMs, forward, batches)
      yield { fromMs, toMs, batches }
      for (const cursor of cursors) {
        const { window } = cursor
        if (window === undefined) continue
        if (forward ? window.toMs <= edgeMs : window.fromMs >= edgeMs) await advance(cursor)
      }
    }
  } finally {
    for (const { iterator } of cursors) await iterator.return?.()
  }
}

async function advance(cursor: Cursor): Promise<void> {
  const next = await cursor.iterator.next()
  cursor.window = next.done === true ? undefined : next.value
  cursor.batches = (cursor.window?.batches ?? []).map((batch) => ({
    ...batch,
    stream: cursor.rename(batch.stream),
  }))
}

/** Moves the rows on this side of the edge out of a cursor; they come first in their batches. */
function takeUpTo(cursor: Cursor, edgeMs: number, forward: boolean, into: RowBatch[]): void {
  const rest: RowBatch[] = []
  for (const batch of cursor.batches) {
    const { rows, tsMs } = batch
    let count = 0
    let end = rows.length
    while (count < end) {
      const middle = (count + end) >>> 1
      const inside = forward ? tsMs[rows[middle]] < edgeMs : tsMs[rows[middle]] >= edgeMs
      if (inside) count = middle + 1
      else end = middle
    }
    if (count > 0) into.push({ ...batch, rows: rows.subarray(0, count) })
    if (count < rows.length) rest.push({ ...batch, rows: rows.subarray(count) })
  }
  cursor.batches = rest
}
