import type { Labels } from '#base/labels.ts'
import type { Logger } from '#base/logger.ts'
import type { LineBatcher } from '../line-batcher.ts'
import { type CursorTracker, STREAM_NAMES } from './cursor.ts'
import type { LogSink } from './log-decoder.ts'

/** What a tailer counts. */
export interface TailerCounters {
  /** Lines handed on. */
  entries(count: number): void
  /** Lines left out because they carry no stamp. */
  unreadable(): void
  /** Lines left out for their length. */
  tooLong(): void
}

const NO_METADATA: Labels = []

const NS_PER_MS = 1_000_000

/**
 * Puts the new lines of a container into a batcher, slot 0 standard output and slot 1 standard error.
 *
 * Podman before 5 gives the seconds of a line and no more. Lines of one second would lose their order, and
 * a server keeps equal lines of one time once: there, each line of a second is a nanosecond later than the
 * one before. A line that is read again gets the same time again.
 */
export function makeTailSink(
  tracker: CursorTracker,
  batcher: LineBatcher,
  counters: TailerCounters,
  logger: Logger,
  isPodman: boolean,
): LogSink {
  return {
    line(stream, tsMs, tsNs, bytes) {
      // Empty lines move the cursor like all others, and are left out as Alloy does.
      if (!tracker.take(stream, tsMs, tsNs) || bytes.length === 0) return
      const isWholeSecond = tsNs === 0 && tsMs % 1000 === 0
      const laterNs = isPodman && isWholeSecond ? tracker.sameStamp(stream) - 1 : 0
      const ms = tsMs + Math.floor(laterNs / NS_PER_MS)
      batcher.add(stream, {
        tsMs: ms,
        tsNs: tsNs + (laterNs % NS_PER_MS),
        line: bytes,
        metadata: NO_METADATA,
      })
    },
    tooLong(stream, tsMs, tsNs) {
      if (!tracker.take(stream, tsMs, tsNs)) return
      counters.tooLong()
      logger.warn({ stream: STREAM_NAMES[stream] }, 'a line is too long to collect and was skipped')
    },
    unreadable(stream) {
      counters.unreadable()
      logger.debug({ stream: STREAM_NAMES[stream] }, 'a line without a time stamp was skipped')
    },
    daemonError(message) {
      logger.error({ error: message }, 'the Docker daemon cannot read the log of this container')
    },
  }
}
