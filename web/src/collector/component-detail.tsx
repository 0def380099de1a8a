import { formatCount } from '../ui/format-number.ts'
import { Icon } from '../ui/icons.tsx'
import { PlainText } from '../ui/log-text.tsx'
import type { ApiStatement, ComponentDetail } from './api.ts'
import { HealthBadge } from './health-badge.tsx'
import { LiveDebugging } from './live-debugging.tsx'
import { linesText, rateText } from './rate-text.ts'
import type { ComponentRates } from './rates.ts'
import { Statements } from './statements.tsx'
import { useComponent } from './use-collector.ts'

interface ComponentDetailProps {
  readonly id: string
  /** Whether the collector has a component of this id. */
  readonly isThere: boolean
  readonly rates: ComponentRates | null
  readonly canBeWatched: boolean
  /** Whether lines go through it at all. */
  readonly carriesLines: boolean
  readonly onSelect: (id: string) => void
}

/** Everything about one component. */
export function ComponentDetailPanel(props: ComponentDetailProps) {
  const { id, isThere, onSelect } = props
  const { detail, error } = useComponent(id)
  return (
    <aside className="component-detail" aria-label={`Component ${id}`}>
      <div className="component-head">
        <button type="button" className="button component-back" onClick={() => onSelect('')}>
          <Icon name="left" />
          All components
        </button>
        <h2 className="mono">
          <PlainText text={id} />
        </h2>
        <button
          type="button"
          className="button icon-only quiet component-close"
          aria-label="Close the component"
          onClick={() => onSelect('')}
        >
          <Icon name="close" />
        </button>
      </div>
      {!isThere && <p className="hint">The collector has no component of this name (any more).</p>}
      {isThere && detail === null && error !== '' && <p className="hint">{error}</p>}
      {isThere && detail !== null && <Detail {...props} detail={detail} />}
    </aside>
  )
}

function Detail({ detail, ...props }: ComponentDetailProps & { readonly detail: ComponentDetail }) {
  const { health } = detail
  return (
    <>
      <p className="component-health">
        <HealthBadge state={health.state} />{' '}
        <span className="muted">
          <PlainText text={health.message} />, since {new Date(health.updatedTime).toLocaleString('sv-SE')}
        </span>
      </p>
      {props.carriesLines && <Flow rates={props.rates} />}
      <Neighbours detail={detail} onSelect={props.onSelect} />
      {props.carriesLines && <LiveDebugging id={props.id} isEnabled={props.canBeWatched} />}
      <Part title="Arguments" statements={detail.arguments} none="None: all of them are at their defaults." />
      <Part title="Exports" statements={detail.exports} none="It exports nothing." />
      {detail.debugInfo.length > 0 && <Part title="State" statements={detail.debugInfo} none="" />}
    </>
  )
}

function Flow({ rates }: { readonly rates: ComponentRates | null }) {
  const dropped = rates?.dropped ?? []
  return (
    <dl className="component-flow num">
      <dt>In</dt>
      <dd>{rateText(rates?.taken ?? null)}</dd>
      <dt>Out</dt>
      <dd>{rateText(rates?.passed ?? null)}</dd>
      <dt>Dropped</dt>
      <dd>
        {dropped.length === 0 && 'nothing'}
        {dropped.map(({ reason, lines, perSecond }) => (
          <span key={reason} className="drop">
            {formatCount(lines)} since the start{perSecond > 0 && `, ${linesText(perSecond)}`}:{' '}
            <PlainText text={reason} />
          </span>
        ))}
      </dd>
    </dl>
  )
}

/** The components it works with, as far as the configuration names them. */
function Neighbours({
  detail,
  onSelect,
}: {
  readonly detail: ComponentDetail
  readonly onSelect: (id: string) => void
}) {
  const to = detail.dataFlowEdgesTo
  const from = detail.referencesTo.filter((id) => !to.includes(id))
  const list = (title: string, ids: readonly string[]) =>
    ids.length > 0 && (
      <p className="component-links">
        <span className="muted">{title}</span>
        {ids.map((id) => (
          <button key={id} type="button" className="component-name mono" onClick={() => onSelect(id)}>
            <PlainText text={id} />
          </button>
        ))}
      </p>
    )
  return (
    <>
      {list('passes lines to', to)}
      {list('works with values of', from)}
    </>
  )
}

interface PartProps {
  readonly title: string
  readonly statements: readonly ApiStatement[]
  readonly none: string
}

function Part({ title, statements, none }: PartProps) {
  return (
    <section className="component-part">
      <h3>{title}</h3>
      {statements.length === 0 ? <p className="hint">{none}</p> : <Statements statements={statements} />}
    </section>
  )
}
