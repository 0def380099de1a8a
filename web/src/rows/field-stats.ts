import type { FieldSource } from '../query/build.ts'
import { parsedLine } from './parse-line.ts'
import type { LogRow } from './row.ts'

/** A value of a field and in how many lines it was seen. */
export interface ValueCount {
  readonly value: string
  readonly count: number
}

/** What the loaded lines say about one field. */
export interface FieldStat {
  readonly name: string
  readonly source: FieldSource
  /** Lines that have the field. */
  readonly lines: number
  /** Distinct values; {@link DISTINCT_LIMIT} means that many or more. */
  readonly distinct: number
  /** The most frequent values first. */
  readonly top: readonly ValueCount[]
}

/** More distinct values than this are not told apart. */
export const DISTINCT_LIMIT = 500

interface Counter {
  source: FieldSource
  lines: number
  values: Map<string, number>
}

/**
 * Counts the values of every label and field in some rows: stream labels, metadata, parsed labels, line
 * fields.
 */
export function fieldStats(rows: readonly LogRow[], topN: number): FieldStat[] {
  const counters = new Map<string, Counter>()
  for (const row of rows)
    for (const [name, value, source] of rowFields(row)) count(counters, name, value, source)
  const stats = [...counters].map(([name, counter]) => ({
    name,
    source: counter.source,
    lines: counter.lines,
    distinct: counter.values.size,
    top: topValues(counter.values, topN),
  }))
  return stats.sort((a, b) => rank(a) - rank(b) || b.lines - a.lines || (a.name < b.name ? -1 : 1))
}

/** Labels, then metadata, then fields; times last, because the list shows them anyway. */
function rank({ source, name }: FieldStat): number {
  if (/^@?time(stamp)?(_extracted)?$|^ts$/.test(name)) return 3
  return source === 'label' ? 0 : source === 'metadata' ? 1 : 2
}

function count(counters: Map<string, Counter>, name: string, value: string, source: FieldSource): void {
  let counter = counters.get(name)
  if (counter === undefined) {
    counter = { source, lines: 0, values: new Map() }
    counters.set(name, counter)
  }
  counter.lines++
  const seen = counter.values.get(value)
  if (seen !== undefined || counter.values.size < DISTINCT_LIMIT) counter.values.set(value, (seen ?? 0) + 1)
}

function topValues(values: Map<string, number>, topN: number): ValueCount[] {
  const sorted = [...values].map(([value, n]) => ({ value, count: n })).sort((a, b) => b.count - a.count)
  return sorted.slice(0, topN)
}

/** A field of a row: name as a query would use it, value, where it lives. */
export type RowField = readonly [name: string, value: string, source: FieldSource]

/**
 * Every field of a row. A field of the line that the pipeline already made a label of is listed once, as
 * parsed; one whose name is taken by a label or by metadata gets Loki's `_extracted`.
 */
export function rowFields(row: LogRow): RowField[] {
  const fields: RowField[] = []
  for (const [name, value] of Object.entries(row.stream.labels)) fields.push([name, value, 'label'])
  for (const [name, value] of Object.entries(row.metadata)) fields.push([name, value, 'metadata'])
  for (const [name, value] of Object.entries(row.parsed)) fields.push([name, value, 'parsed'])
  const line = parsedLine(row)
  if (line.format === 'text') return fields
  const all =
    line.messageField === ''
      ? line.fields
      : [...line.fields, { name: line.messageField, value: line.message }]
  for (const field of all) {
    const name = extractedName(row, field.name)
    // A field that only repeats its label says nothing new.
    const repeats = name !== field.name && row.stream.labels[field.name] === field.value
    if (row.parsed[name] === undefined && !repeats) fields.push([name, field.value, line.format])
  }
  return fields
}

/** The name Loki's parser gives a field of this row. */
export function extractedName(row: LogRow, name: string): string {
  const taken = row.stream.labels[name] !== undefined || row.metadata[name] !== undefined
  return taken ? `${name}_extracted` : name
}

/** The value of a field by name, for a column; undefined where the row has none. */
export function fieldValue(row: LogRow, name: string): string | undefined {
  const direct = row.parsed[name] ?? row.metadata[name] ?? row.stream.labels[name]
  if (direct !== undefined) return direct
  const line = parsedLine(row)
  if (line.format === 'text') return undefined
  const wanted = (field: { name: string }) => extractedName(row, field.name) === name
  if (line.messageField !== '' && extractedName(row, line.messageField) === name) return line.message
  return line.fields.find(wanted)?.value
}
