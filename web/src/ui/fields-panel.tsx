import { type RefObject, useState } from 'react'
import type { FieldCondition } from '../query/build.ts'
import { DISTINCT_LIMIT, type FieldStat } from '../rows/field-stats.ts'
import { formatCount, formatShare } from './format-number.ts'
import { Icon } from './icons.tsx'
import { PlainText } from './log-text.tsx'

interface FieldsPanelProps {
  readonly stats: readonly FieldStat[]
  /** How many lines the figures come from, and how many are loaded. */
  readonly sampled: number
  readonly loaded: number
  readonly columns: readonly string[]
  readonly onColumn: (name: string) => void
  readonly onCondition: (condition: FieldCondition) => void
  readonly search: RefObject<HTMLInputElement | null>
}

const SOURCES = { label: 'label', metadata: 'metadata', parsed: 'parsed', json: 'json', logfmt: 'logfmt' }

/** Every field of the loaded lines with its most frequent values. */
export function FieldsPanel(props: FieldsPanelProps) {
  const { stats, sampled, loaded } = props
  const [filter, setFilter] = useState('')
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  // One field is open from the start: the level, under the name that is filled in here.
  const first = stats.some(({ name }) => name === 'detected_level') ? 'detected_level' : 'level'
  const shown = stats.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))
  const toggle = (name: string) => {
    const next = new Set(toggled)
    if (!next.delete(name)) next.add(name)
    setToggled(next)
  }
  return (
    <section className="panel" aria-label="Fields">
      <h2>
        Fields
        <span className="muted num">{stats.length > 0 && stats.length}</span>
      </h2>
      <input
        ref={props.search}
        className="field-search"
        type="search"
        placeholder="Find a field"
        aria-label="Find a field"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <ul className="fields">
        {shown.map((stat) => (
          <FieldItem
            key={`${stat.source} ${stat.name}`}
            stat={stat}
            open={toggled.has(stat.name) !== (stat.name === first)}
            onToggle={toggle}
            {...props}
          />
        ))}
      </ul>
      {sampled > 0 && (
        <p className="hint num">
          Of {sampled < loaded ? `the first ${formatCount(sampled)} of ` : ''}
          {formatCount(loaded)} loaded lines
        </p>
      )}
    </section>
  )
}

interface FieldItemProps extends FieldsPanelProps {
  readonly stat: FieldStat
  readonly open: boolean
  readonly onToggle: (name: string) => void
}

function FieldItem({ stat, open, onToggle, columns, onColumn, onCondition, sampled }: FieldItemProps) {
  const isColumn = columns.includes(stat.name)
  const distinct = stat.distinct >= DISTINCT_LIMIT ? `${DISTINCT_LIMIT}+` : String(stat.distinct)
  return (
    <li className="field">
      <div className="field-head">
        <button type="button" className="field-name" aria-expanded={open} onClick={() => onToggle(stat.name)}>
          <Icon name={open ? 'chevronDown' : 'chevronRight'} />
          <span className="mono">{stat.name}</span>
          <span className="muted num" title={`${distinct} values, ${SOURCES[stat.source]}`}>
            {distinct}
          </span>
        </button>
        <button
          type="button"
          className="button icon-only quiet reveal"
          aria-pressed={isColumn}
          aria-label={`Show ${stat.name} as a column`}
          title={isColumn ? 'Remove the column' : 'As a column'}
          onClick={() => onColumn(stat.name)}
        >
          <Icon name="columns" />
        </button>
      </div>
      {open && (
        <ul className="values">
          {stat.top.map(({ value, count }) => (
            <li key={value} className="value">
              <button
                type="button"
                className="value-main"
                title={`Only ${stat.name}=${value}`}
                aria-label={`Only ${stat.name} ${value}, ${formatCount(count)} lines`}
                onClick={() => onCondition({ ...stat, op: '=', value })}
              >
                <span className="value-text mono">
                  {value === '' ? <em className="muted">empty</em> : <PlainText text={value.slice(0, 200)} />}
                </span>
                <span className="muted num">{formatShare(count, sampled)}</span>
                <span
                  className="value-bar"
                  style={{ width: `${(count / sampled) * 100}%` }}
                  aria-hidden="true"
                />
              </button>
              <button
                type="button"
                className="button icon-only quiet reveal"
                aria-label={`Not ${stat.name} ${value}`}
                title={`Not ${stat.name}=${value}`}
                onClick={() => onCondition({ ...stat, op: '!=', value })}
              >
                <Icon name="minus" />
              </button>
            </li>
          ))}
          {stat.distinct > stat.top.length && (
            <li className="hint num">
              {stat.distinct >= DISTINCT_LIMIT ? 'many' : stat.distinct - stat.top.length} more values
            </li>
          )}
        </ul>
      )}
    </li>
  )
}
