import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { watchPath } from '../watch-path.ts'
import type { ImportedPath } from './graph-node.ts'

/**
 * Calls `onChange` once when the files that a configuration imports are not what they were when it read them.
 * Follow the new configuration's imports after that.
 */
export function followImports(imports: readonly ImportedPath[], onChange: () => void): { close(): void } {
  let isClosed = false
  const close = (): void => {
    isClosed = true
    for (const item of watches) item.close()
  }
  const check = (imported: ImportedPath): void => {
    const now = pathSignature(imported.path)
    if (isClosed || now === imported.signature || now === '') return
    close()
    onChange()
  }
  const watches = imports.map((imported) => watchPath(imported.path, imported, () => check(imported)))
  // What changed between reading and watching.
  for (const imported of imports) check(imported)
  return { close }
}

/**
 * What tells one state of a file, or of the files of a folder, from another; empty while it cannot be read.
 */
export function pathSignature(path: string): string {
  try {
    const names = statSync(path).isDirectory() ? readdirSync(path).sort() : ['']
    return names
      .map((name) => {
        const { mtimeMs, size, ino } = statSync(join(path, name))
        return `${name}:${mtimeMs}:${size}:${ino}`
      })
      .join()
  } catch {
    return ''
  }
}
