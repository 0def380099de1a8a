import type { ArgType } from './component.ts'
import type { ComponentUnit } from './component-unit.ts'
import type { ShownStatement } from './decode-body.ts'
import type { ComponentNode, Graph } from './graph-node.ts'
import { isSecret } from './secret.ts'
import { fromHost, isArray, isNumber, isObject, type Value } from './value.ts'
import { withoutCredentials } from './without-credentials.ts'

/** A component as the list of the components API shows it. */
export interface ComponentInfo {
  readonly name: string
  readonly type: 'block'
  readonly localID: string
  readonly moduleID: string
  readonly label: string
  readonly referencesTo: readonly string[]
  readonly referencedBy: readonly string[]
  readonly dataFlowEdgesTo: readonly string[]
  readonly health: { readonly state: string; readonly message: string; readonly updatedTime: string }
  readonly original: string
  readonly createdModuleIDs: readonly string[]
  readonly liveDebuggingEnabled: boolean
}

/** A component with everything the detail page shows. */
export interface ComponentDetail extends ComponentInfo {
  readonly arguments: readonly ApiStatement[]
  readonly exports: readonly ApiStatement[]
  readonly debugInfo: readonly ApiStatement[]
}

/** A value in the API's form: its type beside it. */
export interface ApiValue {
  readonly type: string
  readonly value: unknown
}

/** An attribute or a block in the API's form. */
export type ApiStatement =
  | { readonly name: string; readonly type: 'attr'; readonly value: ApiValue }
  | { readonly name: string; readonly type: 'block'; readonly body: readonly ApiStatement[] }

/** What the functions below read of a collector. */
export interface InfoState {
  readonly graph: Graph
  readonly units: ReadonlyMap<string, ComponentUnit>
  readonly settings: ReadonlyMap<string, Record<string, unknown>>
}

/**
 * The list entry of a component. References lead through custom components to the components that are meant.
 */
export function componentInfo(node: ComponentNode, state: InfoState): ComponentInfo {
  const { graph } = state
  const health = state.units.get(node.id)?.health()
  return {
    name: node.definition.name,
    type: 'block',
    localID: node.localId,
    moduleID: node.moduleId,
    label: node.block.label ?? '',
    referencesTo: reach(graph, node.id, (id) => graph.nodes.get(id)?.dependencies ?? []),
    referencedBy: reach(graph, node.id, (id) => graph.dependants.get(id) ?? []),
    dataFlowEdgesTo: reach(graph, node.id, (id) => graph.nodes.get(id)?.dependencies ?? []).filter(
      (id) => state.units.get(id)?.exports().has('receiver') === true,
    ),
    health: {
      state: health?.state ?? 'unknown',
      message: health?.message ?? '',
      updatedTime: (health?.updatedTime ?? new Date(0)).toISOString(),
    },
    // Alloy has the source text here, secrets and all; nobody gets to see those from us.
    original: '',
    createdModuleIDs: [],
    liveDebuggingEnabled: state.settings.get('livedebugging')?.enabled === true && carriesLogs(node, state),
  }
}

/** Whether lines go through a component, so that it can be watched. */
function carriesLogs(node: ComponentNode, state: InfoState): boolean {
  if (Object.hasOwn(node.definition.schema.attributes, 'forward_to')) return true
  return state.units.get(node.id)?.exports().has('receiver') === true
}

/** The components reached from one by edges, seen through the nodes between them that are none. */
function reach(graph: Graph, from: string, edges: (id: string) => Iterable<string>): string[] {
  const found = new Set<string>()
  const walk = (id: string): void => {
    for (const next of edges(id)) {
      if (graph.nodes.get(next)?.kind === 'component') found.add(next)
      else walk(next)
    }
  }
  walk(from)
  return [...found].sort()
}

/** A component with its arguments, exports and debug information. Secrets are never shown. */
export function componentDetail(node: ComponentNode, state: InfoState): ComponentDetail {
  const unit = state.units.get(node.id)
  const debugInfo = unit?.debugInfo()
  return {
    ...componentInfo(node, state),
    arguments: (unit?.shown() ?? []).map(shownStatement),
    exports: attributes(unit?.exports() ?? new Map()),
    debugInfo: debugInfo === undefined || debugInfo === null ? [] : attributes(fromHost(debugInfo)),
  }
}

function attributes(value: Value): ApiStatement[] {
  if (!isObject(value)) return [{ name: 'value', type: 'attr', value: apiValue(value) }]
  return [...value].map(([name, item]) => ({ name, type: 'attr', value: apiValue(item) }))
}

function shownStatement(statement: ShownStatement): ApiStatement {
  const { name } = statement
  if (statement.kind === 'block') return { name, type: 'block', body: statement.body.map(shownStatement) }
  return { name, type: 'attr', value: holdsSecret(statement.type) ? hidden : apiValue(statement.value) }
}

const hidden: ApiValue = { type: 'capsule', value: '(secret)' }

function holdsSecret(type: ArgType): boolean {
  if (typeof type === 'string') return type === 'secret'
  if ('list' in type) return holdsSecret(type.list)
  return 'map' in type && holdsSecret(type.map)
}

function apiValue(value: Value): ApiValue {
  if (value === null) return { type: 'null', value: null }
  if (isNumber(value)) return { type: 'number', value: Number(value) }
  if (typeof value === 'string') return { type: 'string', value: withoutCredentials(value) }
  if (typeof value === 'boolean') return { type: 'bool', value }
  if (isArray(value)) return { type: 'array', value: value.map(apiValue) }
  if (isObject(value)) {
    return { type: 'object', value: [...value].map(([key, item]) => ({ key, value: apiValue(item) })) }
  }
  if (isSecret(value)) return hidden
  if (value.kind === 'function') return { type: 'function', value: `function("${value.name}")` }
  return { type: 'capsule', value: `capsule("${value.type}")` }
}
