import type { HealthState } from './api.ts'

const MARKS: Readonly<Record<HealthState, string>> = {
  healthy: '✓',
  unhealthy: '✕',
  exited: '■',
  unknown: '?',
}

/** How a component is: by word, sign and colour. */
export function HealthBadge({ state }: { readonly state: HealthState }) {
  return (
    <span className="health" data-health={state}>
      <span aria-hidden="true">{MARKS[state] ?? '?'}</span> {state}
    </span>
  )
}

/** The same where there is room for a sign alone. */
export function HealthMark({ state }: { readonly state: HealthState }) {
  return (
    <span className="health-mark" data-health={state} role="img" aria-label={state} title={state}>
      {MARKS[state] ?? '?'}
    </span>
  )
}
