import { useMemo } from 'react'
import type { ComponentInfo, FlowReport } from './api.ts'
import { idOf } from './api.ts'
import { ComponentDetailPanel } from './component-detail.tsx'
import { ComponentGraph } from './component-graph.tsx'
import { ComponentTable } from './component-table.tsx'
import { NoCollector } from './no-collector.tsx'
import { rateText } from './rate-text.ts'
import type { Rate } from './rates.ts'
import { type CollectorState, useCollector } from './use-collector.ts'
import './collector.css'

interface CollectorViewProps {
  /** Id of the component that is shown beside; empty for none. */
  readonly selected: string
  readonly onSelect: (id: string) => void
}

/** The collector: its components, how they are, what flows between them, and one of them in detail. */
export function CollectorView({ selected, onSelect }: CollectorViewProps) {
  const collector = useCollector()
  const { flow, rates, error } = collector
  const components = useMemo(() => inOrder(collector.components, flow), [collector.components, flow])
  const byId = useMemo(() => new Map((components ?? []).map((one) => [idOf(one), one])), [components])
  if (components === null || components.length === 0) {
    const isEmpty = components !== null
    return (
      <main className="plain-main">
        {error === null && !isEmpty ? null : <NoCollector error={error} isEmpty={isEmpty} />}
      </main>
    )
  }
  const detail = selected === '' ? undefined : byId.get(selected)
  return (
    <main className="plain-main collector" data-detail={selected !== '' || undefined}>
      <div className="collector-all">
        <Summary collector={collector} components={components} />
        {error !== null && (
          <p className="collector-stale" role="alert">
            {error.message} What you see is how it was before; asking again.
          </p>
        )}
        <ComponentGraph
          components={components}
          flow={flow}
          rates={rates}
          selected={selected}
          onSelect={onSelect}
        />
        <ComponentTable
          components={components}
          flow={flow}
          rates={rates}
          selected={selected}
          onSelect={onSelect}
        />
      </div>
      {selected !== '' && (
        <ComponentDetailPanel
          key={selected}
          id={selected}
          isThere={detail !== undefined}
          rates={rates?.components.get(selected) ?? null}
          canBeWatched={detail?.liveDebuggingEnabled === true}
          carriesLines={flow?.components.find(({ id }) => id === selected)?.role !== 'discovery'}
          onSelect={onSelect}
        />
      )}
    </main>
  )
}

const ROLES = ['discovery', 'source', 'transform', 'sink'] as const

/** The components in the order that lines go through them, by and large. */
function inOrder(
  components: readonly ComponentInfo[] | null,
  flow: FlowReport | null,
): readonly ComponentInfo[] | null {
  const roles = new Map(flow?.components.map(({ id, role }) => [id, ROLES.indexOf(role)]))
  const place = (one: ComponentInfo) => roles.get(idOf(one)) ?? ROLES.length
  return components?.toSorted((a, b) => place(a) - place(b)) ?? null
}

interface SummaryProps {
  readonly collector: CollectorState
  readonly components: readonly ComponentInfo[]
}

function Summary({ collector: { flow, rates }, components }: SummaryProps) {
  const sick = components.filter(({ health }) => health.state !== 'healthy')
  const dropped = flow?.components.flatMap((one) => one.dropped) ?? []
  const lost = dropped.reduce((sum, { entries }) => sum + entries, 0)
  return (
    <div className="collector-summary">
      <p>
        <b>{components.length === 1 ? '1 component' : `${components.length} components`}</b>,{' '}
        {sick.length === 0 ? 'all healthy' : `${sick.length} not healthy`}
      </p>
      <p className="num">
        <span className="muted">collected</span> {rateText(total(flow, rates, 'source'))}
      </p>
      <p className="num">
        <span className="muted">sent</span> {rateText(total(flow, rates, 'sink'))}
      </p>
      <p className="num">
        <span className="muted">dropped since the start</span> {lost.toLocaleString('en-US')}
      </p>
    </div>
  )
}

/** What all components of a role pass on; null while it is not known. */
function total(flow: FlowReport | null, rates: CollectorState['rates'], role: 'source' | 'sink') {
  const ids = flow?.components.filter((one) => one.role === role).map(({ id }) => id) ?? []
  const known = ids.flatMap((id) => rates?.components.get(id)?.passed ?? [])
  if (known.length === 0) return null
  const sum = (of: (rate: Rate) => number): number => known.reduce((before, rate) => before + of(rate), 0)
  return { lines: sum(({ lines }) => lines), bytes: sum(({ bytes }) => bytes ?? 0) }
}
