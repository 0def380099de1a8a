import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { parsePlace } from './file-place.ts'

/**
 * The places of files in a positions file of Promtail's or of the static agent's, by path: they know no
 * labels. Places of journals and containers, which stand among them, are left out. Empty where the file is
 * absent or, which is reported, not of that form; as in Alloy.
 * @throws Error when the file is there and cannot be read: going on would send all files again.
 */
export function readLegacyPositions(file: string, logger: Logger): ReadonlyMap<string, string> {
  const places = new Map<string, string>()
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return places
    throw new Error(`legacy_positions_file: cannot read ${file}: ${errorMessage(error)}`)
  }
  try {
    const document: unknown = parse(text, { mapAsMap: true, maxAliasCount: 0 })
    const positions: unknown = document instanceof Map ? document.get('positions') : undefined
    if (!(positions instanceof Map)) throw new Error('it has no `positions`')
    for (const [path, value] of positions) {
      const isPlace = typeof value === 'string' || typeof value === 'number'
      if (typeof path === 'string' && isPlace && parsePlace(String(value)) !== undefined) {
        places.set(path, String(value))
      }
    }
  } catch (error) {
    logger.warn(
      { file, error: errorMessage(error) },
      'legacy_positions_file is not a positions file; it is not used',
    )
  }
  return places
}
