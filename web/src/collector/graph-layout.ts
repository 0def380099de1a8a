/** An arrow of the graph: lines flow along it, or values (targets, rules) that the receiver works with. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly kind: 'lines' | 'values'
}

/** Where a node stands; px. */
export interface NodePlace {
  readonly id: string
  readonly x: number
  readonly y: number
}

/** An arrow with its way and the middle of it. */
export interface EdgePlace extends GraphEdge {
  readonly path: string
  readonly middle: { readonly x: number; readonly y: number }
}

/** A drawn graph. */
export interface GraphLayout {
  readonly nodes: readonly NodePlace[]
  readonly edges: readonly EdgePlace[]
  readonly nodeWidth: number
  readonly width: number
  readonly height: number
}

/** Height of a node, px. */
export const NODE_HEIGHT = 52

/** Sizes within which a graph is fitted into its frame, px. */
const NODE_WIDTH = { least: 104, most: 190 }
const LAYER_GAP = { right: { least: 52, most: 110 }, down: 46 }
const NODE_GAP = { right: 18, down: 12 }

/** Rounds of putting nodes beside those they are joined to. */
const ORDER_ROUNDS = 8

/**
 * Places nodes in layers, each after all that feed it: from left to right where the frame is wide enough for
 * that, else downwards. Within a layer a node stands near those it is joined to. Edges of unknown nodes are
 * left out, circles cut somewhere. The graph can become wider than the frame.
 */
export function layoutGraph(
  ids: readonly string[],
  edges: readonly GraphEdge[],
  frameWidth: number,
): GraphLayout {
  const known = edges.filter(({ from, to }) => ids.includes(from) && ids.includes(to) && from !== to)
  const layers = orderLayers(layersOf(ids, known), known)
  const grid = gridFor(layers, frameWidth)
  const { isRight, nodeWidth } = grid
  const places = new Map<string, NodePlace>()
  layers.forEach((layer, depth) => {
    const used = layer.length * (grid.breadth + grid.nodeGap) - grid.nodeGap
    layer.forEach((id, i) => {
      const main = depth * (grid.size + grid.layerGap)
      const cross = (grid.across - used) / 2 + i * (grid.breadth + grid.nodeGap)
      places.set(id, isRight ? { id, x: main, y: cross } : { id, x: cross, y: main })
    })
  })
  const along = Math.max(0, layers.length * (grid.size + grid.layerGap) - grid.layerGap)
  return {
    nodes: ids.flatMap((id) => places.get(id) ?? []),
    edges: known.flatMap((edge) => edgePlace(edge, places, grid)),
    nodeWidth,
    width: isRight ? along : grid.across,
    height: isRight ? grid.across : along,
  }
}

/** How layers and the nodes in them are spaced: along the flow, and across it. */
interface Grid {
  readonly isRight: boolean
  readonly nodeWidth: number
  /** Of a node along the flow and across it. */
  readonly size: number
  readonly breadth: number
  readonly layerGap: number
  readonly nodeGap: number
  /** Of the whole graph across the flow. */
  readonly across: number
}

function gridFor(layers: readonly (readonly string[])[], frameWidth: number): Grid {
  const most = Math.max(1, ...layers.map((layer) => layer.length))
  const gaps = Math.max(1, layers.length - 1)
  const gap = Math.floor((frameWidth - layers.length * NODE_WIDTH.most) / gaps)
  const isRight = gap >= LAYER_GAP.right.least
  const nodeGap = NODE_GAP[isRight ? 'right' : 'down']
  const room = Math.floor((frameWidth + nodeGap) / most - nodeGap)
  const nodeWidth = isRight ? NODE_WIDTH.most : Math.min(NODE_WIDTH.most, Math.max(NODE_WIDTH.least, room))
  const [size, breadth] = isRight ? [nodeWidth, NODE_HEIGHT] : [NODE_HEIGHT, nodeWidth]
  const layerGap = isRight ? Math.min(LAYER_GAP.right.most, gap) : LAYER_GAP.down
  return {
    isRight,
    nodeWidth,
    size,
    breadth,
    layerGap,
    nodeGap,
    across: most * (breadth + nodeGap) - nodeGap,
  }
}

/** The nodes by the length of the longest way to them; what nothing feeds stands before what it feeds. */
function layersOf(ids: readonly string[], edges: readonly GraphEdge[]): string[][] {
  const depth = new Map<string, number>()
  const under = new Set<string>()
  const measure = (id: string): number => {
    const done = depth.get(id)
    if (done !== undefined) return done
    if (under.has(id)) return -1
    under.add(id)
    const before = edges.filter(({ to }) => to === id).map(({ from }) => measure(from))
    under.delete(id)
    const own = Math.max(-1, ...before) + 1
    depth.set(id, own)
    return own
  }
  for (const id of ids) measure(id)
  for (const id of ids) {
    if (edges.some(({ to }) => to === id)) continue
    const next = edges.filter(({ from }) => from === id).map(({ to }) => depth.get(to) ?? 1)
    if (next.length > 0) depth.set(id, Math.max(0, Math.min(...next) - 1))
  }
  const layers: string[][] = []
  for (const id of ids) {
    const own = depth.get(id) ?? 0
    while (layers.length <= own) layers.push([])
    layers[own]?.push(id)
  }
  return layers
}

/** Moves the nodes of each layer near the middle of their neighbours, to and fro. */
function orderLayers(layers: readonly string[][], edges: readonly GraphEdge[]): string[][] {
  let ordered = layers.map((layer) => [...layer])
  for (let round = 0; round < ORDER_ROUNDS; round++) {
    const place = new Map(
      ordered.flatMap((layer) => layer.map((id, i) => [id, i - (layer.length - 1) / 2] as const)),
    )
    ordered = ordered.map((layer) => {
      const wish = new Map(
        layer.map((id) => {
          const near = edges.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : []))
          const sum = near.reduce((total, other) => total + (place.get(other) ?? 0), 0)
          return [id, near.length === 0 ? (place.get(id) ?? 0) : sum / near.length] as const
        }),
      )
      return layer.toSorted((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0))
    })
  }
  return ordered
}

function edgePlace(
  edge: GraphEdge,
  places: ReadonlyMap<string, NodePlace>,
  { isRight, nodeWidth }: Grid,
): readonly EdgePlace[] {
  const [from, to] = [places.get(edge.from), places.get(edge.to)]
  if (from === undefined || to === undefined) return []
  const a = isRight
    ? { x: from.x + nodeWidth, y: from.y + NODE_HEIGHT / 2 }
    : { x: from.x + nodeWidth / 2, y: from.y + NODE_HEIGHT }
  const b = isRight ? { x: to.x, y: to.y + NODE_HEIGHT / 2 } : { x: to.x + nodeWidth / 2, y: to.y }
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }
  const bend = isRight ? `C ${middle.x} ${a.y} ${middle.x} ${b.y}` : `C ${a.x} ${middle.y} ${b.x} ${middle.y}`
  return [{ ...edge, path: `M ${a.x} ${a.y} ${bend} ${b.x} ${b.y}`, middle }]
}
