import type { BatchShapes, LineShape } from '../types.ts'
import type { Columns } from './open-columns.ts'
import { END } from './value-kinds.ts'

/** The shapes of a block's lines as texts: bytes that are no UTF-8 come as U+FFFD. */
export function lineShapes(columns: Columns): BatchShapes {
  const { shapes, directory } = columns
  const { kind, constants } = directory.nodes
  const texts: LineShape[] = []
  for (let shape = 0; shape < shapes.count; shape++) {
    const own: string[] = []
    const stepTo = shapes.stepFrom[shape + 1]
    for (let step = shapes.stepFrom[shape]; step < stepTo; step++) {
      own.push(Buffer.from(constants[shapes.stepNode[step]]).toString())
    }
    // What ends in no END ends in a hole.
    if (kind[shapes.stepNode[stepTo - 1]] !== END) own.push('')
    texts.push({ constants: own, isJson: shapes.isJson[shape] === 1 })
  }
  return { rowShape: columns.rowShapes(), shapes: texts }
}
