import { useState } from 'react'
import type { FieldSource } from '../query/build.ts'
import { extractedName, type RowField, rowFields } from '../rows/field-stats.ts'
import { parsedLine } from '../rows/parse-line.ts'
import type { LogRow } from '../rows/row.ts'
import { formatExact } from '../state/format-time.ts'
import type { Zone } from '../state/time-range.ts'
import { FieldActions, type FieldHandlers } from './field-actions.tsx'
import { formatBytes } from './format-number.ts'
import { Icon } from './icons.tsx'
import { JsonTree } from './json-tree.tsx'
import { LogText } from './log-text.tsx'
import './row-details.css'

interface RowDetailsProps extends FieldHandlers {
  readonly row: LogRow
  readonly zone: Zone
  readonly needles: readonly string[]
  readonly onContext: (row: LogRow) => void
  readonly onPermalink: (row: LogRow) => void
}

const GROUPS: readonly (readonly [string, readonly FieldSource[]])[] = [
  ['Labels', ['label']],
  ['Metadata', ['metadata']],
  ['Parsed by the query', ['parsed']],
  ['Fields of the line', ['logfmt']],
]

/** Everything about one line: exact time, labels, fields with what can be done with them, the raw text. */
export function RowDetails({ row, zone, needles, onContext, onPermalink, ...handlers }: RowDetailsProps) {
  const line = parsedLine(row)
  const fields = rowFields(row)
  const [raw, setRaw] = useState(line.format === 'text')
  const source: FieldSource = line.format === 'logfmt' ? 'logfmt' : 'json'
  return (
    <div className="details">
      <div className="details-bar">
        <span className="num">{formatExact(row.tsNs, zone)}</span>
        <span className="muted num">{formatBytes(new Blob([row.line]).size)}</span>
        <span className="spacer" />
        <button type="button" className="button quiet" onClick={() => handlers.onCopy(row.line)}>
          <Icon name="copy" /> Copy line
        </button>
        <button
          type="button"
          className="button quiet"
          title="Lines before and after (c)"
          onClick={() => onContext(row)}
        >
          <Icon name="context" /> Context
        </button>
        <button type="button" className="button quiet" onClick={() => onPermalink(row)}>
          <Icon name="link" /> Link to this line
        </button>
        {line.format !== 'text' && (
          <button type="button" className="button quiet" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            Raw
          </button>
        )}
      </div>
      {raw && <RawLine text={row.line} needles={needles} />}
      <div className="details-groups">
        {line.tree !== null && (
          <section>
            <h3>Line</h3>
            <JsonTree
              value={line.tree}
              nameOf={(flat) => extractedName(row, flat)}
              sourceOf={(name) => (row.parsed[name] === undefined ? source : 'parsed')}
              {...handlers}
            />
          </section>
        )}
        {GROUPS.map(([title, sources]) => (
          <FieldGroup
            key={title}
            title={title}
            fields={fields.filter(([, , from]) => sources.includes(from))}
            {...handlers}
          />
        ))}
      </div>
    </div>
  )
}

interface FieldGroupProps extends FieldHandlers {
  readonly title: string
  readonly fields: readonly RowField[]
}

function FieldGroup({ title, fields, ...handlers }: FieldGroupProps) {
  if (fields.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <dl className="field-list">
        {fields.map(([name, value, source], i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line may name a field twice
          <div key={i} className="leaf">
            <dt>{name}</dt>
            <dd>
              <LogText text={value.slice(0, 2_000)} />
              {value.length > 2_000 && '…'}
            </dd>
            <FieldActions name={name} value={value} source={source} {...handlers} />
          </div>
        ))}
      </dl>
    </section>
  )
}

const RAW_SHOWN = 20_000

/** The line as it was written. Very long ones come in part until asked for. */
function RawLine({ text, needles }: { readonly text: string; readonly needles: readonly string[] }) {
  const [all, setAll] = useState(false)
  const cut = !all && text.length > RAW_SHOWN
  return (
    <div className="raw">
      <pre dir="auto">
        <LogText text={cut ? text.slice(0, RAW_SHOWN) : text} needles={needles} />
      </pre>
      {cut && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {text.length.toLocaleString('en-US')} characters
        </button>
      )}
    </div>
  )
}
