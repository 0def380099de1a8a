import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { decodeConfigBytes } from '../syntax/source.ts'

/** A module's text, its name in messages and the folder that `module_path` stands for. */
export interface ModuleText {
  readonly name: string
  readonly text: string
  readonly folder: string
}

/**
 * One file, or every `*.alloy` file of a folder in the order of their names.
 * @throws Error when there is nothing to read
 */
export function readModuleFiles(filename: string): ModuleText[] {
  const read = (path: string): ModuleText => ({
    name: path,
    text: decodeConfigBytes(readFileSync(path)),
    folder: resolve(dirname(path)),
  })
  if (!statSync(filename).isDirectory()) return [read(filename)]
  const names = readdirSync(filename).filter((name) => name.endsWith('.alloy'))
  return names.sort().map((name) => read(join(filename, name)))
}
