import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** How changes are noticed: Alloy's `detector` and `poll_frequency` arguments. */
export interface WatchOptions {
  readonly detector: string
  readonly pollMs: number
}

/**
 * Calls `onChange` when a file, or something in a folder, may have changed. For a file its folder is watched,
 * because editors and Kubernetes replace files by renaming; polling goes on beside it, because watches miss
 * network file systems.
 */
export function watchPath(path: string, options: WatchOptions, onChange: () => void): { close(): void } {
  const timer = setInterval(onChange, options.pollMs)
  let watcher: FSWatcher | undefined
  if (options.detector === 'fsnotify') {
    try {
      const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
      watcher = watch(isFolder ? path : dirname(path), (_event, name) => {
        // Links (as in Kubernetes' mounts) change under other names.
        if (isFolder || name === null || name === basename(path) || name.startsWith('..')) onChange()
      })
      watcher.on('error', () => undefined)
    } catch {
      // Polling remains.
    }
  }
  return {
    close: () => {
      clearInterval(timer)
      watcher?.close()
    },
  }
}
