import type { Service, ServiceList } from '../loki/services.ts'
import { formatCount, formatShort } from './format-number.ts'

interface ServicesPanelProps {
  readonly list: ServiceList | null
  readonly error: string
  readonly selected: readonly string[]
  /** Chooses services; with `add`, in addition to the others. */
  readonly onSelect: (name: string, add: boolean) => void
}

/** The services with their volume; a click looks at one, with Ctrl, ⌘ or Shift at several. */
export function ServicesPanel({ list, error, selected, onSelect }: ServicesPanelProps) {
  const most = Math.max(1, ...(list?.services.map((service) => service.lines ?? 0) ?? []))
  const sorted = list?.services.toSorted(
    (a, b) => (b.lines ?? 0) - (a.lines ?? 0) || (a.name < b.name ? -1 : 1),
  )
  return (
    <section className="panel" aria-label="Services">
      <h2>
        Services
        {list !== null && <span className="muted num">{list.services.length}</span>}
      </h2>
      {error !== '' && <p className="hint">{error}</p>}
      {list?.services.length === 0 && <p className="hint">None in this time range.</p>}
      <ul className="services">
        {sorted?.map((service) => (
          <ServiceItem
            key={service.name}
            service={service}
            most={most}
            selected={selected.includes(service.name)}
            onSelect={onSelect}
          />
        ))}
      </ul>
    </section>
  )
}

interface ServiceItemProps {
  readonly service: Service
  readonly most: number
  readonly selected: boolean
  readonly onSelect: (name: string, add: boolean) => void
}

function ServiceItem({ service, most, selected, onSelect }: ServiceItemProps) {
  const bad = service.byLevel.filter(({ level }) => level === 'error' || level === 'critical')
  const errors = bad.reduce((sum, { lines }) => sum + lines, 0)
  const counted =
    service.lines === null ? '' : `, ${formatCount(service.lines)} lines, ${formatCount(errors)} errors`
  return (
    <li>
      <button
        type="button"
        className="service"
        aria-pressed={selected}
        aria-label={`${service.name}${counted}`}
        title={`${service.name}${counted}\nCtrl or ⌘: add to the selection`}
        onClick={(event) => onSelect(service.name, event.ctrlKey || event.metaKey || event.shiftKey)}
      >
        <span className="service-name">{service.name}</span>
        {errors > 0 && <span className="service-errors num">{formatShort(errors)} err</span>}
        {service.lines !== null && <span className="muted num">{formatShort(service.lines)}</span>}
        <span
          className="service-bar"
          style={{ width: `${((service.lines ?? 0) / most) * 100}%` }}
          aria-hidden="true"
        >
          {service.byLevel.map(({ level, lines }) => (
            <i key={level} data-level={level} style={{ flexGrow: lines }} />
          ))}
        </span>
      </button>
    </li>
  )
}
