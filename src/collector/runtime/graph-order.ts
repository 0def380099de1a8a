import { type Diagnostic, errorAt } from '../syntax/diagnostic.ts'
import type { Graph, GraphNode } from './graph-node.ts'

/**
 * Orders nodes so that each comes after its dependencies. Cycles and self references are reported in Alloy's
 * form, which has no position.
 */
export function orderGraph(nodes: ReadonlyMap<string, GraphNode>): {
  graph: Graph
  diagnostics: Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
  const order: string[] = []
  for (const component of stronglyConnected(nodes)) {
    order.push(...component)
    if (component.length > 1) {
      diagnostics.push(errorAt(undefined, `cycle: ${component.toSorted().join(', ')}`))
    } else if (nodes.get(component[0])?.dependencies.has(component[0])) {
      diagnostics.push(errorAt(undefined, `self reference: ${component[0]}`))
    }
  }
  const dependants = new Map<string, string[]>()
  for (const id of order) {
    dependants.set(id, [])
    for (const dependency of nodes.get(id)?.dependencies ?? []) dependants.get(dependency)?.push(id)
  }
  return {
    graph: { nodes, order, dependants, imports: [], remotes: [], collections: new Map() },
    diagnostics,
  }
}

/**
 * Tarjan's algorithm (1972): the strongly connected components, each after the components it depends on.
 * Iterative, so that a long chain of components cannot exhaust the stack.
 */
function stronglyConnected(nodes: ReadonlyMap<string, GraphNode>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const components: string[][] = []
  const enter = (id: string): { id: string; rest: string[] } => {
    index.set(id, index.size)
    low.set(id, index.size - 1)
    stack.push(id)
    onStack.add(id)
    return { id, rest: [...(nodes.get(id)?.dependencies ?? [])].reverse() }
  }
  const lower = (id: string, to: number): void => {
    low.set(id, Math.min(low.get(id) ?? to, to))
  }
  for (const root of nodes.keys()) {
    if (index.has(root)) continue
    const path = [enter(root)]
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const next = frame.rest.pop()
      if (next !== undefined) {
        if (!index.has(next)) path.push(enter(next))
        else if (onStack.has(next)) lower(frame.id, index.get(next) ?? 0)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) lower(parent.id, low.get(frame.id) ?? 0)
      if (low.get(frame.id) !== index.get(frame.id)) continue
      const component = stack.splice(stack.lastIndexOf(frame.id))
      for (const id of component) onStack.delete(id)
      components.push(component)
    }
  }
  return components
}
