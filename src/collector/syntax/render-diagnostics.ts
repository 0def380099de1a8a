import type { Diagnostic } from './diagnostic.ts'
import { diagnosticLine } from './diagnostic.ts'
import { lineIndexAt, lineText, type Source, type Span } from './source.ts'

const RESET = '\x1b[0m'
const BOLD = '\x1b[1m'
const RED = '\x1b[31m'
const YELLOW = '\x1b[33m'

/**
 * Diagnostics as Alloy shows them on a terminal: one header each, a snippet with one line of context on
 * either side, a blank line between two. Tabs are shown as four spaces. `color` adds ANSI colours to the
 * headers and marks.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { color?: boolean } = {},
): string {
  const color = options.color ?? false
  return diagnostics.map((diagnostic) => renderOne(diagnostic, color)).join('\n')
}

function renderOne(diagnostic: Diagnostic, color: boolean): string {
  const isError = diagnostic.severity === 'error'
  const severity = isError ? 'Error: ' : 'Warning: '
  const tint = isError ? RED : YELLOW
  const prefix = color ? `${BOLD}${tint}${severity}${RESET}` : severity
  const header = `${prefix}${diagnosticLine(diagnostic)}\n`
  if (diagnostic.span === undefined) return header
  const mark = (text: string): string => (color ? `${tint}${text}${RESET}` : text)
  return `${header}\n${renderSnippet(diagnostic.span, mark)}`
}

function renderSnippet(span: Span, mark: (text: string) => string): string {
  const { source } = span
  const last = Math.max(span.start, span.end - 1)
  const firstLine = lineIndexAt(source, span.start)
  const lastLine = lineIndexAt(source, last)
  const from = Math.max(0, firstLine - 1)
  const to = Math.min(source.lineStarts.length - 1, lastLine + 1)
  const width = String(to + 1).length
  const gutter = (line: number | undefined): string =>
    `${(line === undefined ? '' : String(line + 1)).padStart(width)} |`
  const isMultiline = firstLine !== lastLine
  let out = ''
  for (let line = from; line <= to; line++) {
    const text = lineText(source, line)
    // The empty piece after a final newline is no line to show.
    if (line > lastLine && line === source.lineStarts.length - 1 && text === '') break
    const inside = line > firstLine && line <= lastLine
    const bar = isMultiline ? (inside ? mark('| ') : '  ') : ''
    out += `${`${gutter(line)} ${bar}${expandTabs(text)}`.trimEnd()}\n`
    if (!isMultiline && line === firstLine) out += `${gutter(undefined)} ${mark(underline(span))}\n`
    if (isMultiline && line === firstLine) out += `${gutter(undefined)}  ${mark(opening(span, text))}\n`
    if (isMultiline && line === lastLine) out += `${gutter(undefined)} ${mark(closing(span, text))}\n`
  }
  return out
}

/** Carets under a span of one line. */
function underline(span: Span): string {
  const line = lineIndexAt(span.source, span.start)
  const start = columnOf(span.source, line, span.start)
  const end = columnOf(span.source, line, span.end)
  return ' '.repeat(start) + '^'.repeat(Math.max(1, end - start))
}

/** The first mark of a span over several lines: underscores lead to carets that run to the line's end. */
function opening(span: Span, text: string): string {
  const line = lineIndexAt(span.source, span.start)
  const start = columnOf(span.source, line, span.start)
  return `_${'_'.repeat(start)}${'^'.repeat(Math.max(1, expandTabs(text).length - start))}`
}

/** The last mark of a span over several lines: underscores lead to carets from the line's first word on. */
function closing(span: Span, text: string): string {
  const last = Math.max(span.start, span.end - 1)
  const end = columnOf(span.source, lineIndexAt(span.source, last), last)
  const start = Math.min(end, Math.max(0, expandTabs(text).search(/\S/)))
  return `|${'_'.repeat(start + 1)}${'^'.repeat(end - start + 1)}`
}

/** The column (from 0) at which an offset appears once tabs are shown as spaces. */
function columnOf(source: Source, line: number, offset: number): number {
  const before = source.text.slice(source.lineStarts[line], offset).replace(/[\r\n]/g, '')
  return [...expandTabs(before)].length
}

function expandTabs(text: string): string {
  return text.replaceAll('\t', '    ')
}
