import type { Columns } from './open-columns.ts'
import { END, PAIR, STRING } from './value-kinds.ts'

const QUOTE = 0x22
const EQUALS = 0x3d

/**
 * The key before each value of a shape, where the shape is nothing but `key=value` and `key="value"`;
 * undefined where anything else is in it.
 */
export function logfmtKeys(columns: Columns, shape: number): string[] | undefined {
  const { shapes, directory } = columns
  const { kind, constants } = directory.nodes
  if (shapes.isJson[shape] === 1) return undefined
  const keys: string[] = []
  let before = 0
  for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
    const node = shapes.stepNode[step]
    const constant = constants[node]
    let at = 0
    if (before === STRING && constant[at++] !== QUOTE) return undefined
    const afterQuote = at
    while (at < constant.length && constant[at] <= 0x20) at++
    if (kind[node] === END) return at === constant.length ? keys : undefined
    if (kind[node] !== PAIR && kind[node] !== STRING) return undefined
    // A value without quotes ends at a space; one with quotes may be followed by a key at once.
    if (before === PAIR && at === afterQuote) return undefined
    const keyFrom = at
    while (at < constant.length && constant[at] > 0x20 && constant[at] !== EQUALS && constant[at] !== QUOTE)
      at++
    if (at === keyFrom || constant[at] !== EQUALS) return undefined
    keys.push(Buffer.from(constant.subarray(keyFrom, at)).toString('latin1'))
    at++
    if (kind[node] === STRING && constant[at++] !== QUOTE) return undefined
    if (at !== constant.length) return undefined
    before = kind[node]
  }
  return undefined
}
