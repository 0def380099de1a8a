import { parseByteSize } from '#base/go-literals.ts'
import { type Labels, labelValue } from '#base/labels.ts'
import type { ResultEntry, ResultStream } from '#logql/engine/types.ts'
import { goDurationNs } from '#logql/syntax/literals.ts'
import { mergeByStream } from '../json/results.ts'
import { readLineFields } from './line-fields.ts'

/** What kind of values a field has, judged by the oldest of the sample. */
export type FieldType = 'int' | 'float' | 'boolean' | 'duration' | 'bytes' | 'string'

/**
 * A field of a sample of lines: of their structured metadata, of a query's stages, or of the lines
 * themselves.
 */
export interface DetectedField {
  readonly label: string
  type: FieldType
  readonly values: Set<string>
  /** Parsers that find it, in the order met. */
  readonly parsers: Set<'json' | 'logfmt'>
  jsonPath: readonly string[] | undefined
  /** A stage of the query made it where the line itself has no such field; then it gets no path any more. */
  fromStages: boolean
}

/**
 * Fields of the lines of a log query, newest lines first. Every line is read as JSON, else as logfmt,
 * whatever the
 * query's own stages did.
 */
export function detectFields(streams: readonly ResultStream[], limit: number): Map<string, DetectedField> {
  const fields = new Map<string, DetectedField>()
  const note = (label: string, value: string): DetectedField | undefined => {
    let field = fields.get(label)
    if (field === undefined) {
      if (fields.size >= limit) return undefined
      field = {
        label,
        type: 'string',
        values: new Set(),
        parsers: new Set(),
        jsonPath: undefined,
        fromStages: false,
      }
      fields.set(label, field)
    }
    field.type = typeOf(value)
    field.values.add(value)
    return field
  }
  for (const { labels, entries } of mergeByStream(streams, 'backward')) {
    for (const entry of entries) {
      for (const [name, value] of entry.metadata) note(name, value)
      noteParsed(entry, labels, note)
    }
  }
  return fields
}

/** Fields of the line, and those of the query's stages that the line itself does not have. */
function noteParsed(
  { line, parsed }: ResultEntry,
  streamLabels: Labels,
  note: (label: string, value: string) => DetectedField | undefined,
): void {
  const { parser, fields: own } = readLineFields(line)
  const found = new Set<string>()
  for (const { name, value, path } of own) {
    if (name === '' || name.startsWith('__error')) continue
    const label = labelValue(streamLabels, name) === '' ? name : `${name}_extracted`
    found.add(label)
    const field = note(label, labelValue(parsed, label) || value)
    if (field === undefined) continue
    field.parsers.add(parser)
    if (!field.fromStages && path !== undefined) field.jsonPath = path
  }
  for (const [name, value] of parsed) {
    if (found.has(name) || name.startsWith('__error')) continue
    const field = note(name, value)
    if (field === undefined) continue
    field.parsers.add(parser)
    field.fromStages = true
  }
}

/** The type of a value, tried in Loki's order. */
export function typeOf(value: string): FieldType {
  if (/^[+-]?\d+$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) return 'int'
  if (isGoFloat(value)) return 'float'
  if (/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) return 'boolean'
  if (goDurationNs(value) !== undefined) return 'duration'
  return isByteSize(value) ? 'bytes' : 'string'
}

function isGoFloat(value: string): boolean {
  return /^[+-]?(?:(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i.test(value)
}

function isByteSize(value: string): boolean {
  try {
    parseByteSize(value)
    return true
  } catch {
    return false
  }
}
