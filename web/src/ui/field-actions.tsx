import type { FieldCondition, FieldSource } from '../query/build.ts'
import { Icon, type IconName } from './icons.tsx'

/** What can be done with a field. */
export interface FieldHandlers {
  readonly onCondition: (condition: FieldCondition) => void
  readonly onCopy: (text: string) => void
  readonly onColumn: (name: string) => void
  /** Looks for a value in every stream. */
  readonly onEverywhere: (value: string) => void
}

interface FieldActionsProps extends FieldHandlers {
  readonly name: string
  readonly value: string
  readonly source: FieldSource
}

/** The row of small buttons beside a field. */
export function FieldActions(props: FieldActionsProps) {
  const { name, value, source, onCondition, onCopy, onColumn, onEverywhere } = props
  const actions: readonly (readonly [IconName, string, () => void])[] = [
    ['plus', `Only ${name}=${short(value)}`, () => onCondition({ source, name, op: '=', value })],
    ['minus', `Not ${name}=${short(value)}`, () => onCondition({ source, name, op: '!=', value })],
    ['columns', `${name} as a column`, () => onColumn(name)],
    ['copy', `Copy the value of ${name}`, () => onCopy(value)],
    [
      'everywhere',
      `${short(value)} everywhere: every service's lines that contain it`,
      () => onEverywhere(value),
    ],
  ]
  return (
    <span className="actions">
      {actions.map(([icon, label, act]) =>
        icon === 'everywhere' && value.trim().length < 4 ? null : (
          <button key={icon} type="button" className="action" aria-label={label} title={label} onClick={act}>
            <Icon name={icon} />
          </button>
        ),
      )}
    </span>
  )
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
