import { readFile } from 'node:fs/promises'
import { parse as parseYaml } from 'yaml'
import { errorMessage } from '#base/errors.ts'
import { findFiles } from '../glob.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { pause } from './pause.ts'

interface Args {
  readonly files: readonly string[]
  /** Milliseconds. */
  readonly refresh_interval: number
}

type Target = Readonly<Record<string, string>>

/** Patterns that Prometheus' file discovery takes: `*` in the file's name alone. */
const PATTERN = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml)$/i

/**
 * `discovery.file`: targets from files in the form of Prometheus' file discovery, a list of `{ targets: […],
 * labels: {…} }` in JSON or YAML. A file that cannot be read keeps the targets it had.
 */
export const discoveryFile: ComponentDefinition<Args> = {
  name: 'discovery.file',
  stability: 'generally-available',
  role: 'discovery',
  schema: {
    attributes: {
      files: { type: { list: 'string' }, required: true },
      refresh_interval: { type: 'duration', default: 300_000 },
    },
    validate: ({ files, refresh_interval: intervalMs }) => {
      for (const file of files as readonly string[]) {
        if (!PATTERN.test(file))
          throw new Error(`path name ${JSON.stringify(file)} is not valid for file discovery`)
      }
      if (Number(intervalMs) <= 0) throw new Error('refresh_interval must be greater than 0')
    },
  },
  build(context, args) {
    let current = args
    let wake = new AbortController()
    let known = new Map<string, readonly Target[]>()
    context.setExports({ targets: [] })
    const refresh = async (): Promise<void> => {
      const found = new Map<string, readonly Target[]>()
      const failures: string[] = []
      for (const path of (await Promise.all(current.files.map((pattern) => findFiles(pattern)))).flat()) {
        try {
          found.set(path, targetsOf(path, await readFile(path, 'utf8')))
        } catch (error) {
          found.set(path, known.get(path) ?? [])
          failures.push(`${path}: ${errorMessage(error)}`)
        }
      }
      known = found
      context.setExports({ targets: [...found.values()].flat() })
      if (failures.length === 0) context.reportHealth('healthy', 'read the files')
      else context.reportHealth('unhealthy', failures.join('; '))
    }
    return {
      run: async (signal) => {
        while (!signal.aborted) {
          wake = new AbortController()
          await refresh()
          await pause(current.refresh_interval, AbortSignal.any([signal, wake.signal]))
        }
      },
      update: (next) => {
        current = next
        wake.abort()
      },
    }
  },
}

function targetsOf(path: string, text: string): Target[] {
  const groups: unknown = path.toLowerCase().endsWith('.json') ? JSON.parse(text) : parseYaml(text)
  if (!Array.isArray(groups)) throw new Error('the file holds no list')
  return groups.flatMap((group: unknown, index) => {
    const { targets, labels = {} } = (group ?? {}) as { targets?: unknown; labels?: unknown }
    if (!Array.isArray(targets)) throw new Error(`group ${index} has no list of targets`)
    const shared = Object.entries(labels ?? {}).map(([name, value]) => [name, String(value)])
    return targets.map((address) => ({
      ...Object.fromEntries(shared),
      __address__: String(address),
      __meta_filepath: path,
    }))
  })
}
