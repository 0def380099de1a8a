import type { LogEntry } from './pipeline.ts'

/** When collected lines go on. */
export interface BatchLimits {
  readonly maxBytes: number
  readonly maxLines: number
  /** The longest time a line waits for others. */
  readonly maxWaitMs: number
}

/**
 * The limits of the log sources: small enough to be prompt, large enough that the cost per batch vanishes.
 * Encoded, that many bytes still fit into a buffer of 128 KiB.
 */
export const SOURCE_BATCH_LIMITS: BatchLimits = { maxBytes: 112 * 1024, maxLines: 2000, maxWaitMs: 100 }

/** Gathers lines into batches, one list per slot (a slot is whatever has one label set). */
export interface LineBatcher {
  add(slot: number, entry: LogEntry): void
  /** Whether the owner must wait for {@link flush} before adding more: this is what bounds memory. */
  readonly full: boolean
  /** Whether no line is waiting. */
  readonly empty: boolean
  /**
   * Hands over what is there and resolves when it has been taken. Rejects with what `deliver` rejected with.
   */
  flush(): Promise<void>
  /** Drops what is there. */
  clear(): void
}

/**
 * A batcher that calls `deliver` with the lists of all slots when `flush` is called or the first line has
 * waited long enough, never twice at a time. A failed delivery that nobody waits for is told to `onFailure`.
 */
export function makeLineBatcher(
  limits: BatchLimits,
  deliver: (slots: readonly LogEntry[][]) => Promise<void>,
  onFailure: (error: unknown) => void,
): LineBatcher {
  let slots: LogEntry[][] = []
  let sizeBytes = 0
  let lines = 0
  let timer: NodeJS.Timeout | undefined
  let delivering: Promise<void> = Promise.resolve()

  const reset = (): void => {
    slots = []
    sizeBytes = 0
    lines = 0
    clearTimeout(timer)
    timer = undefined
  }
  const flushNow = async (): Promise<void> => {
    if (lines === 0) return
    const taken = slots
    reset()
    await deliver(taken)
  }
  const flush = (): Promise<void> => {
    const flushed = delivering.then(flushNow)
    delivering = flushed.catch(() => undefined)
    return flushed
  }
  return {
    add(slot, entry) {
      slots[slot] ??= []
      slots[slot].push(entry)
      sizeBytes += entry.line.length
      lines++
      timer ??= setTimeout(() => flush().catch(onFailure), limits.maxWaitMs)
    },
    get full() {
      return sizeBytes >= limits.maxBytes || lines >= limits.maxLines
    },
    get empty() {
      return lines === 0
    },
    flush,
    clear: reset,
  }
}
