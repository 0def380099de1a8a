import { stripAnsi } from '../rows/ansi.ts'
import { fieldValue, rowFields } from '../rows/field-stats.ts'
import { rowLevel, rowService } from '../rows/parse-line.ts'
import type { LogRow } from '../rows/row.ts'

/** File formats of a download. */
export type ExportFormat = 'ndjson' | 'csv' | 'text'

/** A format's file ending, media type and writers. */
export interface Exporter {
  readonly extension: string
  readonly type: string
  /** What comes before the first row. */
  readonly head: string
  readonly row: (row: LogRow) => string
}

/** RFC 3339 with nanoseconds, UTC. */
export function isoNs(tsNs: string): string {
  const seconds = new Date(Number(tsNs.slice(0, -6))).toISOString().slice(0, 19)
  return `${seconds}.${tsNs.slice(-9)}Z`
}

/** The writers of a format; `columns` are the extra columns of CSV. */
export function exporter(format: ExportFormat, columns: readonly string[]): Exporter {
  if (format === 'ndjson') {
    return { extension: 'ndjson', type: 'application/x-ndjson', head: '', row: ndjsonRow }
  }
  if (format === 'csv') {
    const head = ['time', 'level', 'service', ...columns, 'line']
    return {
      extension: 'csv',
      type: 'text/csv',
      head: `${head.map(csvCell).join(',')}\r\n`,
      row: (row) => `${csvCells(row, columns).map(csvCell).join(',')}\r\n`,
    }
  }
  return { extension: 'log', type: 'text/plain', head: '', row: (row) => `${stripAnsi(row.line)}\n` }
}

function ndjsonRow(row: LogRow): string {
  const labels = Object.fromEntries(
    rowFields(row).flatMap(([n, v, source]) => (source === 'label' ? [[n, v]] : [])),
  )
  const { metadata, parsed, line } = row
  return `${JSON.stringify({ time: isoNs(row.tsNs), labels, metadata, parsed, line })}\n`
}

function csvCells(row: LogRow, columns: readonly string[]): string[] {
  const extra = columns.map((name) => fieldValue(row, name) ?? '')
  return [isoNs(row.tsNs), rowLevel(row), rowService(row), ...extra, row.line]
}

/**
 * A cell as RFC 4180 wants it. A leading `=`, `+`, `-` or `@` gets an apostrophe, because spreadsheets run
 * such cells as formulas and a log line is written by strangers.
 */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d[\d.]*$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
