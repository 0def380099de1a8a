import { JSON_STRING, type JsonValue, unescapeJson } from './json-scan.ts'
import type { Row } from './row.ts'

/** The label value of a JSON value that is no object, array or null. */
export function valueText(row: Row, value: JsonValue): string {
  let text = row.strings.decode(row.bytes, value.from, value.to)
  if (value.type === JSON_STRING && value.escaped) text = unescapeJson(text) ?? ''
  return text.includes('\ufffd') ? text.replaceAll('\ufffd', ' ') : text
}
