import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnosticLine } from '../syntax/diagnostic.ts'
import { makeSource } from '../syntax/source.ts'
import type { GraphNode } from './graph-node.ts'
import { orderGraph } from './graph-order.ts'

const source = makeSource('f', '')
const scope = { moduleId: '', locals: new Map(), declares: new Map(), modulePath: '' }

function order(edges: Record<string, string[]>): { order: readonly string[]; errors: string[] } {
  const nodes = new Map(
    Object.entries(edges).map(([id, to]): [string, GraphNode] => {
      const dependencies = new Set(to)
      return [
        id,
        { kind: 'value', id, localId: id, moduleId: '', source, scope, expression: undefined, dependencies },
      ]
    }),
  )
  const { graph, diagnostics } = orderGraph(nodes)
  return { order: graph.order, errors: diagnostics.map(diagnosticLine) }
}

describe('order', () => {
  test.each<[Record<string, string[]>, string[], string[]]>([
    [{}, [], []],
    [{ source: ['pipe'], pipe: ['sink'], sink: [] }, ['sink', 'pipe', 'source'], []],
    [{ a: ['a'] }, ['a'], ['-: self reference: a']],
    [{ c: ['b'], b: ['a'], a: ['c'], d: [] }, ['a', 'b', 'c', 'd'], ['-: cycle: a, b, c']],
  ])('%j', (edges, expected, errors) => {
    const found = order(edges)
    expect(errors.length > 0 ? found.order.toSorted() : found.order).toEqual(expected)
    expect(found.errors).toEqual(errors)
  })

  test('every node comes once, after what it depends on, unless a cycle is reported', () => {
    const size = 8
    const id = fc.integer({ min: 0, max: size - 1 })
    fc.assert(
      fc.property(fc.array(fc.tuple(id, id), { maxLength: 14 }), (pairs) => {
        const edges = Object.fromEntries(
          Array.from({ length: size }, (_, i): [string, string[]] => [`n${i}`, []]),
        )
        for (const [from, to] of pairs) edges[`n${from}`].push(`n${to}`)
        const found = order(edges)
        expect(found.order.toSorted()).toEqual(Object.keys(edges))
        const at = (node: string): number => found.order.indexOf(node)
        const isOrdered = Object.entries(edges).every(([from, to]) => to.every((node) => at(node) < at(from)))
        expect(isOrdered).toBe(found.errors.length === 0)
      }),
    )
  })
})
