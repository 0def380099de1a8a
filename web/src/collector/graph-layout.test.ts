import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GraphEdge, layoutGraph } from './graph-layout.ts'

const lines = (from: string, to: string): GraphEdge => ({ from, to, kind: 'lines' })

describe('layoutGraph', () => {
  test('what feeds stands before what is fed, from left to right where there is room', () => {
    const { nodes } = layoutGraph(['w', 'p', 's'], [lines('s', 'p'), lines('p', 'w')], 1200)
    const x = Object.fromEntries(nodes.map((node) => [node.id, node.x]))
    expect(x.s).toBeLessThan(x.p ?? 0)
    expect(x.p).toBeLessThan(x.w ?? 0)
    expect(new Set(nodes.map(({ y }) => y)).size).toBe(1)
  })

  test('a narrow frame has it run downwards, within its width', () => {
    const { nodes, nodeWidth, width } = layoutGraph(
      ['a', 'b', 'c', 'p', 'w'],
      [...['a', 'b', 'c'].map((from) => lines(from, 'p')), lines('p', 'w')],
      358,
    )
    const y = Object.fromEntries(nodes.map((node) => [node.id, node.y]))
    expect(y.a).toBe(y.b)
    expect(y.p).toBeLessThan(y.w ?? 0)
    expect(width).toBeLessThanOrEqual(358)
    expect(Math.max(...nodes.map(({ x }) => x + nodeWidth))).toBeLessThanOrEqual(358)
  })

  test('any graph has each node once, apart from all others, and its known edges', () => {
    const id = fc.integer({ min: 0, max: 9 }).map(String)
    const graph = fc.record({
      ids: fc.uniqueArray(id),
      edges: fc.array(fc.tuple(id, id).map(([from, to]) => lines(from, to))),
      width: fc.integer({ min: 0, max: 2000 }),
    })
    fc.assert(
      fc.property(graph, ({ ids, edges, width }) => {
        const layout = layoutGraph(ids, edges, width)
        expect(layout.nodes.map((node) => node.id)).toEqual(ids)
        expect(new Set(layout.nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(ids.length)
        const known = edges.filter(({ from, to }) => from !== to && ids.includes(from) && ids.includes(to))
        expect(layout.edges.length).toBe(known.length)
        for (const { path } of layout.edges) expect(path).not.toMatch(/NaN|undefined|Infinity/)
      }),
    )
  })
})
