import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'

/** Remembers, over restarts, until when the coming and going of containers has been watched. */
export interface WatchedUntil {
  /** Milliseconds since the epoch; `undefined` when nobody has ever watched. */
  ms(): number | undefined
  /** Nothing has been missed until `ms`. */
  set(ms: number): Promise<void>
}

/** Keeps the moment in `file`. A file that cannot be read counts as none. */
export function openWatchedUntil(file: string, logger: Logger): WatchedUntil {
  let known = readMs(file)
  return {
    ms: () => known,
    async set(ms) {
      known = ms
      try {
        await mkdir(dirname(file), { recursive: true })
        await writeFile(`${file}.tmp`, `${ms}\n`)
        await rename(`${file}.tmp`, file)
      } catch (error) {
        const hint = 'containers that live and end while the collector is down will not be collected'
        logger.error(
          { file, error: errorMessage(error), hint },
          'cannot save until when containers were watched',
        )
      }
    },
  }
}

function readMs(file: string): number | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}
