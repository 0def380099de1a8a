import { formatCount } from '../ui/format-number.ts'
import { PlainText } from '../ui/log-text.tsx'
import { idOf } from './api.ts'
import type { ComponentsProps } from './component-graph.tsx'
import { HealthBadge } from './health-badge.tsx'
import { rateText } from './rate-text.ts'

/** All components with what goes through them. */
export function ComponentTable({ components, flow, rates, selected, onSelect }: ComponentsProps) {
  return (
    <table className="components">
      <thead>
        <tr>
          <th scope="col">Component</th>
          <th scope="col">Health</th>
          <th scope="col">In</th>
          <th scope="col">Out</th>
          <th scope="col">Dropped</th>
        </tr>
      </thead>
      <tbody>
        {components.map((component) => {
          const id = idOf(component)
          const own = rates?.components.get(id)
          const dropped = flow?.components.find((one) => one.id === id)?.dropped ?? []
          const { state, message } = component.health
          return (
            <tr key={id} data-selected={id === selected || undefined}>
              <th scope="row">
                <button type="button" className="component-name mono" onClick={() => onSelect(id)}>
                  <PlainText text={id} />
                </button>
              </th>
              <td data-name="Health">
                <HealthBadge state={state} />
                {state !== 'healthy' && (
                  <span className="health-message" title={message}>
                    <PlainText text={message.slice(0, 300)} />
                  </span>
                )}
              </td>
              <td data-name="In" className="num">
                {rateText(own?.taken ?? null)}
              </td>
              <td data-name="Out" className="num">
                {rateText(own?.passed ?? null)}
              </td>
              <td data-name="Dropped" className="num">
                {dropped.length === 0
                  ? '–'
                  : dropped.map(({ reason, entries }) => (
                      <span key={reason} className="drop">
                        {formatCount(entries)} <PlainText text={reason} />
                      </span>
                    ))}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
