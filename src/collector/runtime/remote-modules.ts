import { rmSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import { fetchGitModule, type ImportGitArgs } from './fetch-git-module.ts'
import { fetchHttpModule, type ImportHttpArgs } from './fetch-http-module.ts'
import type { ModuleText } from './module-text.ts'
import { withoutCredentials } from './without-credentials.ts'

/** An `import.http` or `import.git` block with its arguments. */
export type RemoteImport = {
  /** The same for blocks that import the same in the same way. Holds secrets: not to be shown. */
  readonly key: string
  /** The namespace, for messages. */
  readonly label: string
  /** How often to look for a new version; 0: never. */
  readonly pollMs: number
} & (
  | { readonly from: 'http'; readonly args: ImportHttpArgs }
  | { readonly from: 'git'; readonly args: ImportGitArgs }
)

/** What is known of a module that lies elsewhere. */
export interface RemoteModule {
  /** What was fetched last; undefined where nothing ever was. */
  readonly texts: readonly ModuleText[] | undefined
  /** Why the latest try failed. */
  readonly failure: string | undefined
}

/** The modules that a configuration imports over the network, as they were fetched last. */
export interface RemoteModules {
  get(key: string): RemoteModule | undefined
  /** Fetches a module. Never rejects: a failure is kept beside what was fetched before. */
  fetch(module: RemoteImport): Promise<void>
  /** Removes what was written for them. */
  removeFiles(): void
}

/** @param folder where repositories are checked out; made when it is needed */
export function makeRemoteModules(folder: string): RemoteModules {
  const known = new Map<string, RemoteModule>()
  return {
    get: (key) => known.get(key),
    fetch: async (module) => {
      try {
        const texts =
          module.from === 'http'
            ? [await fetchHttpModule(module.args)]
            : await fetchGitModule(module.args, folder)
        known.set(module.key, { texts, failure: undefined })
      } catch (thrown) {
        const failure = withoutCredentials(errorMessage(thrown))
        known.set(module.key, { texts: known.get(module.key)?.texts, failure })
      }
    },
    removeFiles: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/**
 * Looks for new versions of modules, each as often as it says, and calls `onChange` once when there is one. A
 * fetch that fails changes nothing; `onFailure` is told.
 */
export function followRemotes(
  imports: readonly RemoteImport[],
  remotes: RemoteModules,
  onChange: () => void,
  onFailure: (label: string, failure: string) => void,
): { close(): void } {
  let isClosed = false
  const check = async (module: RemoteImport): Promise<void> => {
    const before = remotes.get(module.key)?.texts
    await remotes.fetch(module)
    if (isClosed) return
    const { texts, failure } = remotes.get(module.key) ?? {}
    if (failure !== undefined) onFailure(module.label, failure)
    if (JSON.stringify(texts) === JSON.stringify(before)) return
    close()
    onChange()
  }
  const timers = imports
    .filter(({ pollMs }) => pollMs > 0)
    .map((module) => setInterval(() => void check(module), module.pollMs))
  const close = (): void => {
    isClosed = true
    for (const timer of timers) clearInterval(timer)
  }
  return { close }
}
