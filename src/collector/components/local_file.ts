import { readFileSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import type { ComponentContext, ComponentDefinition } from '../runtime/component.ts'
import { makeSecret } from '../runtime/secret.ts'
import { watchPath } from '../watch-path.ts'
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

function watchFile(args: LocalFileArgs, onChange: () => void): { close(): void } {
  return watchPath(args.filename, { detector: args.detector, pollMs: args.poll_frequency }, onChange)
}
