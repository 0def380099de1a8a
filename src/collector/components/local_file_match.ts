import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import { compileGlob, findFiles } from '../glob.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { pause } from './pause.ts'

/** Arguments of `local.file_match`. */
export interface LocalFileMatchArgs {
  readonly path_targets: readonly Readonly<Record<string, string>>[]
  readonly sync_period: number
  readonly ignore_older_than: number
}

/**
 * Finds files by patterns, and exports one target per file, with the labels of the target that named the
 * pattern.
 */
export const localFileMatch: ComponentDefinition<LocalFileMatchArgs> = {
  name: 'local.file_match',
  stability: 'generally-available',
  role: 'discovery',
  schema: {
    attributes: {
      path_targets: { type: { list: 'target' }, required: true },
      sync_period: { type: 'duration', default: 10_000 },
      ignore_older_than: { type: 'duration', default: 0 },
    },
    validate: (args) => {
      if (Number(args.sync_period) <= 0) throw new Error('sync_period must be greater than 0')
      for (const target of args.path_targets as LocalFileMatchArgs['path_targets']) checkPatterns(target)
    },
  },
  build(context, args) {
    let current = args
    let wake = new AbortController()
    context.setExports({ targets: [] })
    const sync = async (): Promise<void> => {
      const used = current
      try {
        const found = await Promise.all(used.path_targets.map((target) => expand(target, used)))
        // Arguments that came meanwhile have asked for a search of their own.
        if (used !== current) return
        context.setExports({ targets: found.flat() })
        context.reportHealth('healthy', 'searched for files')
      } catch (thrown) {
        context.reportHealth('unhealthy', `failed to search for files: ${errorMessage(thrown)}`)
      }
    }
    return {
      run: async (signal) => {
        while (!signal.aborted) {
          wake = new AbortController()
          await sync()
          await pause(current.sync_period, AbortSignal.any([signal, wake.signal]))
        }
      },
      update: (next) => {
        current = next
        wake.abort()
      },
    }
  },
}

function checkPatterns(target: Readonly<Record<string, string>>): void {
  for (const name of ['__path__', '__path_exclude__']) {
    try {
      compileGlob(target[name] ?? '')
    } catch (thrown) {
      throw new Error(`${errorMessage(thrown)}: ${name} = ${JSON.stringify(target[name])}`)
    }
  }
}

async function expand(
  target: Readonly<Record<string, string>>,
  args: LocalFileMatchArgs,
): Promise<Record<string, string>[]> {
  const pattern = target.__path__
  if (pattern === undefined || pattern === '') return []
  const exclude = target.__path_exclude__
  const isExcluded = exclude === undefined || exclude === '' ? () => false : compileGlob(resolve(exclude))
  const found: Record<string, string>[] = []
  for (const path of await findFiles(pattern)) {
    if (isExcluded(path) || (await isTooOld(path, args.ignore_older_than))) continue
    found.push({ ...target, __path__: path })
  }
  return found
}

async function isTooOld(path: string, maxAgeMs: number): Promise<boolean> {
  if (maxAgeMs <= 0) return false
  try {
    return Date.now() - (await stat(path)).mtimeMs > maxAgeMs
  } catch {
    return true
  }
}
