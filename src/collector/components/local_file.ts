import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { ComponentContext, ComponentDefinition } from '../runtime/component.ts'
import { makeSecret } from '../runtime/secret.ts'
import { untilAborted } from './until_aborted.ts'

/** Arguments of `local.file`. */
export interface LocalFileArgs {
  readonly filename: string
  readonly detector: string
  readonly poll_frequency: number
  readonly is_secret: boolean
}

/** Exports the `content` of a file, whole and untrimmed, and follows its changes. */
export const localFile: ComponentDefinition<LocalFileArgs> = {
  name: 'local.file',
  stability: 'generally-available',
  role: 'discovery',
  schema: {
    attributes: {
      filename: { type: 'string', required: true },
      detector: { type: { oneOf: ['fsnotify', 'poll'] }, default: 'fsnotify' },
      poll_frequency: { type: 'duration', default: 60_000 },
      is_secret: { type: 'bool', default: false },
    },
    validate: (args) => {
      if (Number(args.poll_frequency) <= 0) throw new Error('poll_frequency must be greater than 0')
    },
  },
  build(context, args) {
    let current = args
    let detector: { close(): void } | undefined
    exportContent(context, current)
    const read = (): void => {
      try {
        exportContent(context, current)
        context.reportHealth('healthy', 'read file')
      } catch (thrown) {
        context.reportHealth('unhealthy', `failed to read file: ${errorMessage(thrown)}`)
      }
    }
    return {
      run: async (signal) => {
        detector = watchFile(current, read)
        // The file may have changed between building and watching.
        read()
        await untilAborted(signal)
        detector.close()
        detector = undefined
      },
      update: (next) => {
        exportContent(context, next)
        current = next
        if (detector === undefined) return
        detector.close()
        detector = watchFile(current, read)
      },
    }
  },
}

/** @throws Error when the file cannot be read. */
function exportContent(context: ComponentContext, args: LocalFileArgs): void {
  const text = readFileSync(args.filename, 'utf8')
  context.setExports({ content: args.is_secret ? makeSecret(text) : text })
}

/**
 * Calls `onChange` when the file may have changed. The folder is watched, not the file, because editors and
 * Kubernetes replace files by renaming; polling goes on beside it, because watches miss network file systems.
 */
function watchFile(args: LocalFileArgs, onChange: () => void): { close(): void } {
  const timer = setInterval(onChange, args.poll_frequency)
  let watcher: FSWatcher | undefined
  if (args.detector === 'fsnotify') {
    try {
      watcher = watch(dirname(args.filename), (_event, name) => {
        // Links (as in Kubernetes' mounts) change under other names.
        if (name === null || name === basename(args.filename) || name.startsWith('..')) onChange()
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
