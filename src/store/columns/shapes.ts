import { FormatError } from '../embedded/bytes.ts'
import type { NodeTable } from './directory.ts'
import { FIRST_NODE, JSON_ROOT } from './shape-trie.ts'
import { END, REST } from './value-kinds.ts'

/** The shapes of a block as lists of steps: a constant, then a value of a column. */
export interface Shapes {
  readonly count: number
  /** Per shape: its first step; one more for the end. */
  readonly stepFrom: Uint32Array
  /** Per step: where its constant begins and ends in `constants`, its node, and its column or −1. */
  readonly constantFrom: Uint32Array
  readonly constantTo: Uint32Array
  readonly stepNode: Uint32Array
  readonly stepColumn: Int32Array
  readonly constants: Uint8Array
  /** Per shape: whether its lines were walked as JSON objects. */
  readonly isJson: Uint8Array
  /** Per shape: 1 where its rows have a value in the column. */
  hasColumn(column: number): Uint8Array
}

/** Most steps of all shapes together; a writer's limits stay far below. */
const MAX_STEPS = 1 << 20

/**
 * Lists the steps of every shape.
 * @throws FormatError where a line would have two values in one column
 */
export function readShapes(nodes: NodeTable, columns: number): Shapes {
  const { parent, kind, column, constants } = nodes
  const nodeConstantFrom = new Uint32Array(kind.length + 1)
  for (let node = 0; node < kind.length; node++) {
    nodeConstantFrom[node + 1] = nodeConstantFrom[node] + constants[node].length
  }
  const stepFrom: number[] = [0]
  const stepNodes: number[] = []
  const isJson: number[] = []
  const seen = new Int32Array(columns).fill(-1)
  for (let node = FIRST_NODE; node < kind.length; node++) {
    if (kind[node] !== END && kind[node] !== REST) continue
    const path: number[] = []
    let up = node
    for (; up >= FIRST_NODE; up = parent[up]) {
      path.push(up)
      if (kind[up] === END) continue
      if (seen[column[up]] === node) throw new FormatError('a shape has two values in one column')
      seen[column[up]] = node
    }
    isJson.push(up === JSON_ROOT ? 1 : 0)
    for (let i = path.length - 1; i >= 0; i--) stepNodes.push(path[i])
    stepFrom.push(stepNodes.length)
    if (stepNodes.length > MAX_STEPS) throw new FormatError('the shapes are too many')
  }
  const stepNode = Uint32Array.from(stepNodes)
  const stepColumn = Int32Array.from(stepNodes, (node) => (kind[node] === END ? -1 : column[node]))
  const all = Buffer.concat(constants)
  const count = isJson.length
  return {
    count,
    stepFrom: Uint32Array.from(stepFrom),
    constantFrom: Uint32Array.from(stepNodes, (node) => nodeConstantFrom[node]),
    constantTo: Uint32Array.from(stepNodes, (node) => nodeConstantFrom[node + 1]),
    stepNode,
    stepColumn,
    constants: new Uint8Array(all.buffer, all.byteOffset, all.length),
    isJson: Uint8Array.from(isJson),
    hasColumn: (wanted) => {
      const has = new Uint8Array(count)
      for (let shape = 0; shape < count; shape++) {
        for (let step = stepFrom[shape]; step < stepFrom[shape + 1]; step++) {
          if (stepColumn[step] === wanted) has[shape] = 1
        }
      }
      return has
    },
  }
}
