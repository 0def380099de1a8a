import type { Columns } from './open-columns.ts'
import { END, PAIR, STRING } from './value-kinds.ts'

const QUOTE = 0x22
const EQUALS = 0x3d

/** The pairs that a shape begins with. */
export interface LogfmtKeys {
  /** The key before each of its first values, as far as these are `key=value` and `key="value"`. */
  readonly keys: readonly string[]
  /** Whether nothing else is in the shape. */
  readonly isWhole: boolean
}

/** The pairs that the lines of a shape begin with: those that end where they should. */
export function logfmtKeys(columns: Columns, shape: number): LogfmtKeys {
  const { shapes, directory } = columns
  const { kind, constants } = directory.nodes
  const keys: string[] = []
  // The last key's value may not have ended.
  const begun = (): LogfmtKeys => ({ keys: keys.slice(0, -1), isWhole: false })
  if (shapes.isJson[shape] === 1) return begun()
  let before = 0
  for (let step = shapes.stepFrom[shape]; step < shapes.stepFrom[shape + 1]; step++) {
    const node = shapes.stepNode[step]
    const constant = constants[node]
    let at = 0
    if (before === STRING && constant[at++] !== QUOTE) return begun()
    const afterQuote = at
    while (at < constant.length && constant[at] <= 0x20) at++
    if (kind[node] === END) return at === constant.length ? { keys, isWhole: true } : begun()
    if (kind[node] !== PAIR && kind[node] !== STRING) return begun()
    // A value without quotes ends at a space; one with quotes may be followed by a key at once.
    if (before === PAIR && at === afterQuote) return begun()
    const keyFrom = at
    while (at < constant.length && constant[at] > 0x20 && constant[at] !== EQUALS && constant[at] !== QUOTE)
      at++
    if (at === keyFrom || constant[at] !== EQUALS) return begun()
    const keyTo = at++
    if (kind[node] === STRING && constant[at++] !== QUOTE) return begun()
    if (at !== constant.length) return begun()
    keys.push(Buffer.from(constant.subarray(keyFrom, keyTo)).toString('latin1'))
    before = kind[node]
  }
  return begun()
}
