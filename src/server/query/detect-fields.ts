import { labelValue } from '#base/labels.ts'
import type { ResultStream } from '#logql/engine/types.ts'
import { goDurationNs, parseByteSize } from '#logql/syntax/literals.ts'
import { readLineFields } from './line-fields.ts'

/** What kind of values a field has, judged by the first. */
export type FieldType = 'int' | 'float' | 'boolean' | 'duration' | 'bytes' | 'string'

/** A field of a sample of lines: of their structured metadata, of a query's stages, or of the lines themselves. */
export interface DetectedField {
  readonly label: string
  readonly type: FieldType
  readonly values: Set<string>
  /** Parsers that find it, in the order met. */
  readonly parsers: Set<'json' | 'logfmt'>
  jsonPath: readonly string[] | undefined
}

/** Fields of the lines of a log query. Every line is read as JSON, else as logfmt, whatever the query's own stages did. */
export function detectFields(streams: readonly ResultStream[], limit: number): Map<string, DetectedField> {
  const fields = new Map<string, DetectedField>()
  const note = (label: string, value: string): DetectedField | undefined => {
    let field = fields.get(label)
    if (field === undefined) {
      if (fields.size >= limit) return undefined
      field = { label, type: typeOf(value), values: new Set(), parsers: new Set(), jsonPath: undefined }
      fields.set(label, field)
    }
    field.values.add(value)
    return field
  }
  for (const { streamLabels, entries } of streams) {
    for (const { line, metadata, parsed } of entries) {
      for (const [name, value] of metadata) note(name, value)
      const { parser, fields: own } = readLineFields(line)
      for (const [name, value] of parsed) {
        if (!name.startsWith('__error')) note(name, value)?.parsers.add(parser)
      }
      for (const { name, value, path } of own) {
        const label = labelValue(streamLabels, name) === '' ? name : `${name}_extracted`
        const isParsed = labelValue(parsed, label) !== ''
        const field = isParsed ? fields.get(label) : note(label, value)
        field?.parsers.add(parser)
        if (field !== undefined && path !== undefined) field.jsonPath ??= path
      }
    }
  }
  return fields
}

/** The type of a value, tried in Loki's order. */
export function typeOf(value: string): FieldType {
  if (/^[+-]?\d+$/.test(value) && Math.abs(Number(value)) < 2 ** 63) return 'int'
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
