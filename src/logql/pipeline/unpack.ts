import type { Hints } from './hints.ts'
import { JSON_STRING, unescapeJson, walkObject } from './json-scan.ts'
import { sanitizeName } from './names.ts'
import { setParserError } from './parser-error.ts'
import type { Row, StageRun } from './row.ts'

/** The member that holds the original line, as Promtail and Alloy pack it. */
const ENTRY_KEY = '_entry'

/**
 * `| unpack`: where the line is an object with a text under `_entry`, that becomes the line, and the other
 * texts become labels. Anything else leaves the line as it is.
 */
export function compileUnpack(row: Row, hints: Hints): StageRun {
  return () => {
    row.needBytes()
    if (row.from === row.to) return true
    if (row.bytes[row.from] !== 0x7b) {
      setParserError(row, hints, 'JSONParserErr', 'expecting json object(6), but it is not')
      return true
    }
    let entry: string | undefined
    const found = new Map<string, string>()
    const error = walkObject(row.bytes, row.from, row.to, (keyFrom, keyTo, keyEscaped, value) => {
      if (value.type !== JSON_STRING) return false
      const rawKey = row.bytes.toString('utf8', keyFrom, keyTo)
      const key = keyEscaped ? (unescapeJson(rawKey) ?? rawKey) : rawKey
      const raw = row.bytes.toString('utf8', value.from, value.to)
      const text = value.escaped ? (unescapeJson(raw) ?? '') : raw
      if (key === ENTRY_KEY) entry = text
      else found.set(key, text)
      return false
    })
    if (error !== undefined) {
      setParserError(row, hints, 'JSONParserErr', error)
      return true
    }
    if (entry === undefined) return true
    for (const [key, text] of found) if (!setUnpacked(row, hints, key, text)) return false
    row.text = entry
    return true
  }
}

function setUnpacked(row: Row, hints: Hints, key: string, text: string): boolean {
  const { labels, names } = row
  const collides = labels.collides(names.intern(key))
  const name = sanitizeName(collides ? `${key}_extracted` : key)
  if (name === '') return true
  const id = names.intern(name)
  if (!hints.wants(id) || labels.wasExtracted(id)) return true
  labels.setParsed(id, text)
  return hints.admits(id, text)
}
