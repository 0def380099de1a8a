import { Fragment, memo } from 'react'
import { fieldValue } from '../rows/field-stats.ts'
import { LEVEL_FIELDS, LEVEL_SHORT } from '../rows/level.ts'
import { type LineField, parsedLine, rowLevel, rowService } from '../rows/parse-line.ts'
import type { LogRow } from '../rows/row.ts'
import { formatClock, formatDay } from '../state/format-time.ts'
import type { Zone } from '../state/time-range.ts'
import { Icon } from './icons.tsx'
import { LogText } from './log-text.tsx'

/** How rows are shown. */
export interface RowView {
  readonly zone: Zone
  readonly wrap: boolean
  readonly columns: readonly string[]
  /** The window spans more than a day: times need a date. */
  readonly withDate: boolean
  readonly needles: readonly string[]
}

interface RowLineProps {
  readonly row: LogRow
  readonly view: RowView
  readonly expanded: boolean
  readonly onToggle: (row: LogRow) => void
}

/** Characters of a message shown in the list; the rest is one click away. */
const SHOWN = { cut: 1_000, wrap: 8_000 }
const SHOWN_FIELD = 300
const SHOWN_FIELDS = 40

/** One line: level, time, service, columns, message, fields. */
export const RowLine = memo(function RowLine({ row, view, expanded, onToggle }: RowLineProps) {
  const level = rowLevel(row)
  return (
    <>
      <button
        type="button"
        className="row-toggle"
        tabIndex={-1}
        aria-expanded={expanded}
        aria-label={expanded ? 'Hide details' : 'Show details'}
        onClick={(event) => {
          event.stopPropagation()
          onToggle(row)
        }}
      >
        <Icon name={expanded ? 'chevronDown' : 'chevronRight'} />
      </button>
      <span className="row-time num">
        {view.withDate && <span className="muted">{formatDay(row.tsMs, view.zone)} </span>}
        {formatClock(row.tsMs, view.zone)}
      </span>
      <span className="row-level" data-level={level}>
        {LEVEL_SHORT[level]}
      </span>
      <span className="row-service" title={rowService(row)}>
        {rowService(row)}
      </span>
      {view.columns.map((name) => (
        <span key={name} className="row-column">
          <LogText
            text={oneLine((fieldValue(row, name) ?? '').slice(0, SHOWN_FIELD))}
            needles={view.needles}
          />
        </span>
      ))}
      <RowBody row={row} view={view} />
    </>
  )
})

function RowBody({ row, view }: { readonly row: LogRow; readonly view: RowView }) {
  const line = parsedLine(row)
  const limit = view.wrap ? SHOWN.wrap : SHOWN.cut
  const shown = line.message.slice(0, limit)
  const message = view.wrap ? shown : oneLine(shown)
  const fields = view.columns.length > 0 ? [] : inlineFields(row, line.fields)
  return (
    <span className="row-body">
      <bdi className="row-message">
        <LogText text={message} needles={view.needles} />
        {line.message.length > limit && (
          <span className="cut num">
            … {(line.message.length - limit).toLocaleString('en-US')} more characters
          </span>
        )}
      </bdi>
      {fields.slice(0, SHOWN_FIELDS).map((field, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line may name a field twice
        <Fragment key={i}>
          {/* A real space: wrapped text breaks here, and copied text has it. */}{' '}
          <bdi className="row-field">
            <span className="row-field-name">{field.name}=</span>
            <LogText text={oneLine(field.value.slice(0, SHOWN_FIELD))} needles={view.needles} />
            {field.value.length > SHOWN_FIELD && '…'}
          </bdi>
        </Fragment>
      ))}
      {fields.length > SHOWN_FIELDS && (
        <span className="cut">… {fields.length - SHOWN_FIELDS} more fields</span>
      )}
    </span>
  )
}

/** Line breaks as a sign, for rows of one line. */
function oneLine(text: string): string {
  return text.includes('\n') ? text.replace(/\r?\n/g, ' ↵ ') : text
}

/** Shown elsewhere in the row. */
const SHOWN_ELSEWHERE = new Set([...LEVEL_FIELDS, 'ts', 'time', 'timestamp', '@timestamp', 'service'])
/** True, but rarely what one looks for. */
const LAST = new Set(['pid', 'hostname', 'v', 'logger', 'caller'])

/** Fields in the order one reads them: what repeats the row's own columns is left to the details. */
function inlineFields(row: LogRow, fields: readonly LineField[]): LineField[] {
  const service = rowService(row)
  const kept = fields.filter(
    ({ name, value }) => !SHOWN_ELSEWHERE.has(name) || (name === 'service' && value !== service),
  )
  const metadata = Object.entries(row.metadata)
    .filter(([name]) => name !== 'detected_level')
    .map(([name, value]) => ({ name, value }))
  const first = kept.filter(({ name }) => !LAST.has(name))
  return [...first, ...metadata, ...kept.filter(({ name }) => LAST.has(name))]
}
