import { type JsonObject, jsonLeaves, labelName, parseJsonLine } from './json-line.ts'
import { LEVEL_FIELDS, type Level, toLevel } from './level.ts'
import { parseLogfmt } from './logfmt.ts'
import type { LogRow } from './row.ts'

/** A field the page found in the line itself. */
export interface LineField {
  /** The label name Loki's parser would give it, before any `_extracted`. */
  readonly name: string
  readonly value: string
}

/** What a line says, for display. */
export interface ParsedLine {
  readonly format: 'json' | 'logfmt' | 'text'
  /** The text to show first. Empty where a structured line has no message. */
  readonly message: string
  /** Every field except the message, in the order of the line. */
  readonly fields: readonly LineField[]
  /** The name of the field that is the message; empty for text. */
  readonly messageField: string
  /** JSON lines: the whole object. */
  readonly tree: JsonObject | null
}

const MESSAGE_FIELDS = ['msg', 'message', 'event', 'MESSAGE', 'Message', 'log', 'text', 'body']

/** Longer lines are shown as text: parsing them for a glance is not worth the wait. */
const PARSE_LIMIT = 1_000_000
const FIELD_LIMIT = 300

const cache = new WeakMap<LogRow, ParsedLine>()

/** The parsed line of a row, kept as long as the row lives. */
export function parsedLine(row: LogRow): ParsedLine {
  let parsed = cache.get(row)
  if (parsed === undefined) {
    parsed = parseLine(row.line)
    cache.set(row, parsed)
  }
  return parsed
}

/** Recognises JSON objects and logfmt; everything else is text. Never throws. */
export function parseLine(line: string): ParsedLine {
  const text: ParsedLine = { format: 'text', message: line, fields: [], messageField: '', tree: null }
  if (line.length > PARSE_LIMIT) return text
  const tree = parseJsonLine(line)
  if (tree !== null) return withMessage('json', jsonLeaves(tree, FIELD_LIMIT), tree)
  const pairs = parseLogfmt(line)
  if (pairs === null) return text
  const fields = pairs.map(({ key, value }) => ({ name: labelName(key), value }))
  return withMessage('logfmt', fields.slice(0, FIELD_LIMIT), null)
}

function withMessage(
  format: 'json' | 'logfmt',
  all: readonly LineField[],
  tree: JsonObject | null,
): ParsedLine {
  const messageField = MESSAGE_FIELDS.find((name) => all.some((field) => field.name === name)) ?? ''
  const message = all.find((field) => field.name === messageField)?.value ?? ''
  return { format, message, fields: all.filter((field) => field.name !== messageField), messageField, tree }
}

/** The level of a row: what the server detected, else what the line says. */
export function rowLevel(row: LogRow): Level {
  for (const labels of [row.parsed, row.metadata, row.stream.labels]) {
    for (const name of ['detected_level', ...LEVEL_FIELDS]) {
      const level = toLevel(labels[name])
      if (level !== 'unknown') return level
    }
  }
  const { fields } = parsedLine(row)
  for (const field of fields) {
    if (!LEVEL_FIELDS.includes(field.name)) continue
    const level = toLevel(field.value)
    if (level !== 'unknown') return level
  }
  return 'unknown'
}

const SERVICE_LABELS = ['service', 'service_name', 'app', 'container', 'compose_service', 'job']

/** The name of what wrote the line. */
export function rowService(row: LogRow): string {
  for (const name of SERVICE_LABELS) {
    const value = row.stream.labels[name]
    if (value !== undefined && value !== '') return value
  }
  return Object.values(row.stream.labels)[0] ?? ''
}
