import type { Extraction } from '../syntax/ast.ts'
import type { Hints } from './hints.ts'
import { parseJsonPath } from './json-path.ts'
import {
  JSON_ARRAY,
  JSON_NULL,
  JSON_OBJECT,
  JSON_STRING,
  type JsonValue,
  readValue,
  unescapeJson,
  walkObject,
} from './json-scan.ts'
import { setParserError } from './parser-error.ts'
import type { Row, StageRun } from './row.ts'

/** Where a path leads in one line. */
interface Target {
  readonly id: number
  readonly path: readonly (string | number)[]
}

/**
 * `| json a="path", b`: the values at the given paths. What is not there becomes an empty label; objects and
 * arrays are given as their text.
 * @throws Error `cannot parse expression […]: …` for a path that is none
 */
export function compileJsonPaths(extractions: readonly Extraction[], row: Row, hints: Hints): StageRun {
  const byName = new Map<string, Target>()
  for (const { name, path } of extractions) {
    byName.delete(name)
    byName.set(name, { id: row.names.intern(name), path: parseJsonPath(path) })
  }
  const targets = [...byName.values()]
  return () => {
    row.needBytes()
    if (row.from === row.to) return true
    const first = row.bytes[row.from]
    if (first !== 0x7b && first !== 0x5b && first !== 0x22) {
      setParserError(row, hints, 'JSONParserErr', '')
      return true
    }
    for (const { id, path } of targets) {
      const { labels } = row
      const value = findPath(row.bytes, row.from, row.to, path)
      if (value === undefined) {
        if (labels.get(id) === undefined) labels.setParsed(id, '')
        continue
      }
      labels.setParsed(labels.collides(id) ? row.names.extractedOf(id) : id, pathText(row, value))
    }
    return true
  }
}

function pathText(row: Row, value: JsonValue): string {
  if (value.type === JSON_NULL) return ''
  const text = row.bytes.toString('utf8', value.from, value.to)
  return value.type === JSON_STRING && value.escaped ? (unescapeJson(text) ?? '') : text
}

/** The value at a path; what is wrong behind it does not matter. */
function findPath(
  bytes: Buffer,
  from: number,
  to: number,
  path: readonly (string | number)[],
): JsonValue | undefined {
  let value: JsonValue = { type: 0, from: 0, to: 0, escaped: false, next: 0 }
  if (readValue(bytes, from, to, value) !== undefined) {
    // A truncated document still has the members that came through.
    value = { type: bytes[from] === 0x7b ? JSON_OBJECT : JSON_ARRAY, from, to, escaped: false, next: to }
  }
  for (const step of path) {
    const inner = typeof step === 'string' ? findMember(bytes, value, step) : findElement(bytes, value, step)
    if (inner === undefined) return undefined
    value = inner
  }
  return value
}

function findMember(bytes: Buffer, { type, from, to }: JsonValue, name: string): JsonValue | undefined {
  if (type !== JSON_OBJECT) return undefined
  let found: JsonValue | undefined
  walkObject(bytes, from, to, (keyFrom, keyTo, keyEscaped, value) => {
    const text = bytes.toString('utf8', keyFrom, keyTo)
    if ((keyEscaped ? unescapeJson(text) : text) !== name) return false
    found = { ...value }
    return true
  })
  return found
}

function findElement(bytes: Buffer, { type, from, to }: JsonValue, index: number): JsonValue | undefined {
  if (type !== JSON_ARRAY) return undefined
  const value: JsonValue = { type: 0, from: 0, to: 0, escaped: false, next: 0 }
  let at = from + 1
  for (let i = 0; at < to; i++) {
    if (readValue(bytes, at, to, value) !== undefined) return undefined
    if (i === index) return value
    at = value.next
    while (at < to && bytes[at] !== 0x2c && bytes[at] !== 0x5d) at++
    if (bytes[at] === 0x5d) return undefined
    at++
  }
  return undefined
}
