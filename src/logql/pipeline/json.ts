import type { Hints } from './hints.ts'
import { compileJsonProbe } from './json-probe.ts'
import {
  JSON_ARRAY,
  JSON_ERRORS,
  JSON_NULL,
  JSON_OBJECT,
  type JsonValue,
  skipSpace,
  unescapeJson,
  walkObject,
} from './json-scan.ts'
import { valueText } from './json-value.ts'
import { type FieldKey, FieldKeys } from './names.ts'
import { setParserError } from './parser-error.ts'
import type { Row, StageRun } from './row.ts'

/** How deep objects may nest before the walk stops looking inside. */
const MAX_DEPTH = 200

/**
 * `| json`: every member of the line's object becomes a label, nested ones joined by `_`. Arrays and nulls
 * are left out. The first of several members with one name wins.
 * @param probes whether to look at the fields that later filters test before all others
 */
export function compileJson(row: Row, hints: Hints, probes: boolean): StageRun {
  const keys = new FieldKeys('', (name) => (hints.mayWant(name) ? row.names.intern(name) : -1))
  const probe = probes ? compileJsonProbe(row, hints) : undefined
  let dropped = false
  let done = false

  const onValue = (key: FieldKey, value: JsonValue): void => {
    if (key.id === -1) return
    const { labels } = row
    const id = labels.collides(key.id) ? row.names.extractedOf(key.id) : key.id
    if (!hints.wants(id) || labels.wasExtracted(id)) return
    if (hints.tested.has(id) || value.escaped) {
      const text = valueText(row, value)
      labels.setParsed(id, text)
      if (!hints.admits(id, text)) dropped = true
    } else labels.setParsedBytes(id, row.bytes, value.from, value.to)
    done = dropped || hints.allFound(labels)
  }
  const walk = (into: FieldKeys, from: number, to: number, depth: number): string | undefined =>
    walkObject(row.bytes, from, to, (keyFrom, keyTo, keyEscaped, value) => {
      if (value.type === JSON_NULL || value.type === JSON_ARRAY) return false
      const key = keyEscaped ? escapedKey(row, into, keyFrom, keyTo) : into.find(row.bytes, keyFrom, keyTo)
      if (key === undefined) {
        keyError = JSON_ERRORS.escape
        return true
      }
      if (value.type === JSON_OBJECT) {
        if (depth >= MAX_DEPTH || !hints.mayWantInside(key.name)) return false
        const { from: innerFrom, to: innerTo } = value
        const inner = walk(into.inside(key), innerFrom, innerTo, depth + 1)
        nestedError ??= inner
        return done || nestedError !== undefined
      }
      onValue(key, value)
      return done
    })
  let keyError: string | undefined
  let nestedError: string | undefined

  return () => {
    dropped = false
    done = hints.allFound(row.labels)
    keyError = undefined
    nestedError = undefined
    row.needBytes()
    if (done) return true
    if (probe?.() === true) return false
    if (skipSpace(row.bytes, row.from, row.to) === row.to) {
      setParserError(row, hints, 'JSONParserErr', JSON_ERRORS.object)
      return true
    }
    const error = walk(keys, row.from, row.to, 0) ?? keyError ?? nestedError
    if (error !== undefined && !done) setParserError(row, hints, 'JSONParserErr', error)
    return !dropped
  }
}

function escapedKey(row: Row, keys: FieldKeys, from: number, to: number): FieldKey | undefined {
  const text = unescapeJson(row.bytes.toString('utf8', from, to))
  return text === undefined ? undefined : keys.make(text)
}
