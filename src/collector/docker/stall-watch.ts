import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { type CursorTracker, isLastLine, type Stamp } from './cursor.ts'
import type { LogStream } from './log-stream.ts'

/** Watches a follow stream that may fall silent although lines are written. */
export interface StallWatch {
  /** Something has been read. */
  heard(): void
  /** Reading pauses because the server is slow: silence means nothing until something is heard again. */
  holdBack(): void
  stop(): void
  /** Whether the stream was closed for its silence. */
  readonly hasStalled: boolean
}

const FIRST_CHECK_MS = 30_000
const LONGEST_CHECK_MS = 5 * 60_000

/**
 * Some engines lose their place after a log file was rotated and then follow nothing; others send no line
 * that is older than the one that was asked for, and the clock may be set back. After a time of silence the
 * newest line is asked for; when it is not the one that was read last, and silence goes on, the stream is
 * closed so that its reader opens it again. Checks become rarer while a container stays quiet, so idle
 * containers cost next to nothing.
 */
export function watchForStall(
  stream: LogStream,
  newestStamp: () => Promise<Stamp | undefined>,
  tracker: CursorTracker,
  logger: Logger,
  firstCheckMs: number = FIRST_CHECK_MS,
): StallWatch {
  let checkMs = firstCheckMs
  let reads = 0
  let wasMissing = false
  let hasStalled = false
  let isHeldBack = false
  let timer = setTimeout(check, checkMs, 0)

  async function check(readsBefore: number): Promise<void> {
    if (reads !== readsBefore || isHeldBack) {
      checkMs = firstCheckMs
      wasMissing = false
    } else {
      const newest = await newestStamp().catch((error: unknown) => {
        logger.debug({ error: errorMessage(error) }, 'the newest line could not be asked for')
        return undefined
      })
      const isMissing = reads === readsBefore && newest !== undefined && !isLastLine(tracker, newest)
      // Seen missing twice: once may be a line on its way.
      if (isMissing && wasMissing) {
        hasStalled = true
        logger.warn({}, 'the log stream of a container has stalled and is opened again')
        stream.close()
        return
      }
      wasMissing = isMissing
      checkMs = isMissing ? firstCheckMs : Math.min(checkMs * 2, LONGEST_CHECK_MS)
    }
    if (!stopped) timer = setTimeout(check, checkMs, reads)
  }
  let stopped = false
  return {
    heard() {
      reads++
      isHeldBack = false
    },
    holdBack() {
      isHeldBack = true
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
    get hasStalled() {
      return hasStalled
    },
  }
}
