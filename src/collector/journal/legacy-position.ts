import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { errorMessage } from '#base/errors.ts'

/** Names that Promtail and its successors have given to the place of a journal, in front of the job's. */
const PREFIXES = ['cursor-', 'journal-', '']

/**
 * The cursor of a journal in a positions file of Promtail's, under the name of its job. `undefined` when
 * there is no such file or no such name in it.
 * @throws Error when the file is there and cannot be read: going on would send the whole journal again.
 */
export function readLegacyPosition(file: string, name: string): string | undefined {
  let document: unknown
  try {
    document = parse(readFileSync(file, 'utf8'), { mapAsMap: true, maxAliasCount: 0 })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Error(`legacy_position: cannot read ${file}: ${errorMessage(error)}`)
  }
  const positions: unknown = document instanceof Map ? document.get('positions') : undefined
  if (!(positions instanceof Map)) throw new Error(`legacy_position: ${file} is not a positions file`)
  for (const prefix of PREFIXES) {
    const cursor: unknown = positions.get(prefix + name)
    if (typeof cursor === 'string' && cursor !== '') return cursor
  }
  return undefined
}
