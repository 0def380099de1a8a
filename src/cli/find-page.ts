import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The built page: beside the sources, or beside the bundle, whose code may lie in a folder of chunks. */
export function findPage(): string | undefined {
  const candidates = ['../../dist/page', 'page', '../page'].map((path) => join(import.meta.dirname, path))
  return candidates.find((dir) => existsSync(join(dir, 'index.html')))
}
