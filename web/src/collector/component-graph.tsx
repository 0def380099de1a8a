import { type CSSProperties, useMemo } from 'react'
import { PlainText } from '../ui/log-text.tsx'
import { useWidth } from '../ui/uplot-host.ts'
import { type ComponentInfo, type FlowReport, idOf } from './api.ts'
import { type GraphEdge, layoutGraph, NODE_HEIGHT } from './graph-layout.ts'
import { HealthMark } from './health-badge.tsx'
import { numberText } from './rate-text.ts'
import { edgeKey, type FlowRates } from './rates.ts'

/** What the graph and the table show of a collector. */
export interface ComponentsProps {
  readonly components: readonly ComponentInfo[]
  readonly flow: FlowReport | null
  readonly rates: FlowRates | null
  readonly selected: string
  readonly onSelect: (id: string) => void
}

/** Who feeds whom: lines along solid arrows, targets and rules along dashed ones. */
export function ComponentGraph({ components, rates, selected, onSelect }: ComponentsProps) {
  const [host, width] = useWidth()
  const shape = JSON.stringify(graphOf(components))
  const layout = useMemo(() => {
    const { ids, edges } = JSON.parse(shape) as ReturnType<typeof graphOf>
    return layoutGraph(width === 0 ? [] : ids, edges, width)
  }, [shape, width])
  const byId = new Map(components.map((one) => [idOf(one), one]))
  return (
    <section className="graph-frame" aria-label="Graph of the components" ref={host}>
      <div className="graph" style={{ width: layout.width, height: layout.height }}>
        <svg className="graph-edges" width={layout.width} height={layout.height} aria-hidden="true">
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
          {layout.edges.map(({ from, to, kind, path }) => (
            <path
              key={`${from} ${to}`}
              d={path}
              markerEnd="url(#arrow)"
              data-kind={kind}
              data-busy={(rates?.edges.get(edgeKey(from, to))?.lines ?? 0) > 0 || undefined}
            />
          ))}
        </svg>
        {layout.edges.map(({ from, to, kind, middle }) => {
          const rate = rates?.edges.get(edgeKey(from, to))
          if (kind === 'values' || rate === undefined) return null
          return (
            <span key={`${from} ${to}`} className="graph-rate num" style={at(middle.x, middle.y)}>
              {numberText(rate.lines)}/s
            </span>
          )
        })}
        {layout.nodes.map(({ id, x, y }) => {
          const component = byId.get(id)
          return (
            component !== undefined && (
              <Node
                key={id}
                component={component}
                style={{ ...at(x, y), width: layout.nodeWidth, height: NODE_HEIGHT }}
                isSmall={layout.nodeWidth < 150}
                isSelected={id === selected}
                onSelect={onSelect}
              />
            )
          )
        })}
      </div>
    </section>
  )
}

interface NodeProps {
  readonly component: ComponentInfo
  readonly style: CSSProperties
  readonly isSmall: boolean
  readonly isSelected: boolean
  readonly onSelect: (id: string) => void
}

function Node({ component, style, isSmall, isSelected, onSelect }: NodeProps) {
  const id = idOf(component)
  return (
    <button
      type="button"
      className="graph-node"
      style={style}
      aria-pressed={isSelected}
      data-small={isSmall || undefined}
      data-health={component.health.state}
      title={id}
      onClick={() => onSelect(isSelected ? '' : id)}
    >
      <HealthMark state={component.health.state} />
      <span className="graph-node-text">
        <span className="mono">{component.name}</span>
        <b>
          <PlainText text={component.label || component.localID} />
        </b>
      </span>
    </button>
  )
}

function at(x: number, y: number): CSSProperties {
  return { left: x, top: y }
}

/** A component's receiver takes lines; anything else of it that others refer to is a value for them. */
function graphOf(components: readonly ComponentInfo[]): { ids: string[]; edges: GraphEdge[] } {
  const edges = components.flatMap((component): GraphEdge[] => {
    const id = idOf(component)
    return component.referencesTo.map((other) =>
      component.dataFlowEdgesTo.includes(other)
        ? { from: id, to: other, kind: 'lines' }
        : { from: other, to: id, kind: 'values' },
    )
  })
  return { ids: components.map(idOf), edges }
}
