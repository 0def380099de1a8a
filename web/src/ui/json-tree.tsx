import { useState } from 'react'
import type { FieldSource } from '../query/build.ts'
import {
  isBranch,
  isNumberText,
  type JsonObject,
  type JsonValue,
  joinName,
  labelName,
  leafText,
} from '../rows/json-line.ts'
import { FieldActions, type FieldHandlers } from './field-actions.tsx'
import { Icon } from './icons.tsx'
import { LogText } from './log-text.tsx'

interface JsonTreeProps extends FieldHandlers {
  readonly value: JsonValue
  /** The label name a query uses for a flat name. */
  readonly nameOf: (flat: string) => string
  /** Where a query finds that label. */
  readonly sourceOf: (name: string) => FieldSource
}

/** Children of one node that are shown before the rest is asked for. */
const CHILDREN_SHOWN = 100

/** A JSON value as a tree whose leaves can be filtered on. */
export function JsonTree({ value, ...rest }: JsonTreeProps) {
  return (
    <div className="tree">
      <Branch value={value as JsonObject} flat="" inArray={false} depth={0} {...rest} />
    </div>
  )
}

interface NodeProps extends JsonTreeProps {
  readonly flat: string
  /** Arrays make no labels. */
  readonly inArray: boolean
  readonly depth: number
}

function Branch({ value, ...rest }: NodeProps) {
  const [all, setAll] = useState(false)
  const entries = Object.entries(value as JsonObject)
  const array = Array.isArray(value)
  const shown = all ? entries : entries.slice(0, CHILDREN_SHOWN)
  return (
    <ul>
      {shown.map(([key, child]) => (
        <Node
          key={key}
          name={key}
          {...rest}
          value={child}
          inArray={rest.inArray || array}
          flat={joinName(rest.flat, key)}
        />
      ))}
      {shown.length < entries.length && (
        <li>
          <button type="button" className="button quiet" onClick={() => setAll(true)}>
            Show {entries.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  )
}

function Node({ name, ...node }: NodeProps & { readonly name: string }) {
  const { value, flat, inArray, depth, nameOf, sourceOf, ...handlers } = node
  const [open, setOpen] = useState(depth < 2)
  if (isBranch(value)) {
    const size = Object.keys(value).length
    const [before, after] = Array.isArray(value) ? '[]' : '{}'
    return (
      <li>
        <button type="button" className="tree-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'chevronDown' : 'chevronRight'} />
          <span className="leaf-name">{name}</span>
          <span className="muted num">{`${before} ${size} ${after}`}</span>
        </button>
        {open && <Branch {...node} depth={depth + 1} />}
      </li>
    )
  }
  const text = leafText(value)
  const label = nameOf(labelName(flat))
  return (
    <li className="leaf">
      <span className="leaf-name" dir="auto">
        {name}
      </span>
      <span className="leaf-value" data-type={typeOf(value)} dir="auto">
        <LogText text={text.slice(0, 5_000)} />
        {text.length > 5_000 && '…'}
      </span>
      {!inArray && value !== null && (
        <FieldActions name={label} value={text} source={sourceOf(label)} {...handlers} />
      )}
    </li>
  )
}

function typeOf(value: JsonValue): string {
  return value === null ? 'null' : isNumberText(value) ? 'number' : typeof value
}
