import type { Labels } from '#base/labels.ts'

/** One log line on its way through the collector. Immutable: a stage that changes it makes a new one. */
export interface LogEntry {
  /** Milliseconds since the epoch and nanoseconds within them, as in `#base/timestamp.ts`. */
  readonly tsMs: number
  readonly tsNs: number
  /** The bytes as received until a stage needs or makes text. Never contains the line's own newline. */
  readonly line: Uint8Array | string
  readonly metadata: Labels
}

/**
 * Counts the places that still hold lines of a source. When the count falls to zero, everything has reached a
 * server or was dropped on purpose, and the source may move its durable position. Whoever passes a batch on
 * to n receivers calls `hold()` for each before pushing; whoever lets go of a batch (delivered, dropped, or
 * copied into a batch of its own that it has held for) calls `done()` once.
 */
export interface Delivery {
  hold(): void
  done(): void
  /**
   * As `hold` and `done`, for who has copied what it needs: the lines themselves may be overwritten, only the
   * position has to wait.
   */
  holdCopy(): void
  doneCopy(): void
}

/** Lines that share one label set and one origin; the unit that moves between components. */
export interface LogBatch {
  readonly labels: Labels
  readonly entries: readonly LogEntry[]
  readonly delivery: Delivery
}

/**
 * What `forward_to` points at. `push` resolves when the receiver has taken the batch over; until then the
 * sender waits, which is how a slow server slows reading down. Rejects only when the receiver has been
 * stopped for good.
 */
export interface LogsReceiver {
  push(batch: LogBatch): Promise<void>
}

/**
 * A delivery that runs `onDone` once, when every hold has been released. Starts held once. `onRead` runs as
 * soon as only copies are left.
 */
export function makeDelivery(onDone: () => void, onRead?: () => void): Delivery {
  let held = 1
  let copies = 0
  return {
    hold() {
      held++
    },
    done() {
      if (--held > 0) return
      onRead?.()
      if (copies === 0) onDone()
    },
    holdCopy() {
      copies++
    },
    doneCopy() {
      if (--copies === 0 && held === 0) onDone()
    },
  }
}
