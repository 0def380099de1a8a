import {
  JSON_ARRAY,
  JSON_NULL,
  JSON_OBJECT,
  JSON_STRING,
  unescapeJson,
  walkObject,
} from '#logql/pipeline/json-scan.ts'
import { LogfmtScanner, unescapeLogfmt } from '#logql/pipeline/logfmt-scan.ts'
import { sanitizeName } from '#logql/pipeline/names.ts'

/** A field that a parser finds in a line. */
export interface LineField {
  /** As a label name. */
  readonly name: string
  readonly value: string
  /** Keys from the root, for JSON. */
  readonly path: readonly string[] | undefined
}

/** What a line is made of, by the first parser that can read it. */
export interface LineFields {
  readonly parser: 'json' | 'logfmt'
  readonly fields: readonly LineField[]
}

/**
 * Reads a line as JSON if it is an object, else as logfmt. Of several fields of one name the first counts.
 */
export function readLineFields(line: string): LineFields {
  const bytes = Buffer.from(line)
  const json: LineField[] = []
  const seen = new Set<string>()
  const add = (into: LineField[], field: LineField): void => {
    if (seen.has(field.name)) return
    seen.add(field.name)
    into.push(field)
  }
  if (/^\s*\{/.test(line) && walkJson(bytes, 0, bytes.length, [], (field) => add(json, field))) {
    return { parser: 'json', fields: json }
  }
  seen.clear()
  const logfmt: LineField[] = []
  const scanner = new LogfmtScanner()
  scanner.reset(bytes, 0, bytes.length)
  for (;;) {
    if (!scanner.next()) {
      if (scanner.error === undefined) break
      scanner.skipBad()
      continue
    }
    const { keyFrom, keyTo, valueFrom, valueTo, escaped } = scanner.pair
    const raw = bytes.toString('utf8', valueFrom, valueTo)
    const value = escaped ? unescapeLogfmt(raw) : raw
    if (value === undefined || value === '') continue
    add(logfmt, { name: sanitizeName(bytes.toString('utf8', keyFrom, keyTo)), value, path: undefined })
  }
  return { parser: 'logfmt', fields: logfmt }
}

const MAX_DEPTH = 200

/** Whether the whole object could be read; its members go to `add`, nested ones by their path. */
function walkJson(
  bytes: Buffer,
  from: number,
  to: number,
  path: readonly string[],
  add: (field: LineField) => void,
): boolean {
  let fine = true
  const error = walkObject(bytes, from, to, (keyFrom, keyTo, keyEscaped, value) => {
    const rawKey = bytes.toString('utf8', keyFrom, keyTo)
    const key = keyEscaped ? unescapeJson(rawKey) : rawKey
    if (key === undefined) {
      fine = false
      return true
    }
    if (value.type === JSON_ARRAY || value.type === JSON_NULL) return false
    const inner = [...path, key]
    if (value.type === JSON_OBJECT) {
      if (path.length < MAX_DEPTH) fine &&= walkJson(bytes, value.from, value.to, inner, add)
      return !fine
    }
    const raw = bytes.toString('utf8', value.from, value.to)
    const text = value.type === JSON_STRING && value.escaped ? (unescapeJson(raw) ?? '') : raw
    const name = inner.map((part, i) => sanitizeName(part, i === 0)).join('_')
    add({ name, value: text, path: inner })
    return false
  })
  return fine && error === undefined
}
