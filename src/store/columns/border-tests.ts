import type { Needle } from '#kernels/needle.ts'
import { foldedEquals } from './needle-at.ts'
import type { Columns } from './open-columns.ts'
import { FIRST_NODE } from './shape-trie.ts'
import { END } from './value-kinds.ts'

// Where a needle could run over the border of a constant and a value: what the value must be like for it.

/** The value begins with the needle from `at` on (it is there), or is the beginning of that (it may be). */
export const BEGINS = 1
/** The value ends with the needle's bytes before `at`: it is there. */
export const ENDS = 2
/** The same, and what follows the value goes on with the needle, but not to its end: it may be there. */
export const ENDS_UNSURE = 3

/** A question about the values that stand at a node, or before it. */
export interface BorderTest {
  readonly column: number
  /** The question is about rows whose shape has this node. */
  readonly node: number
  readonly kind: typeof BEGINS | typeof ENDS | typeof ENDS_UNSURE
  readonly at: number
}

/** The questions to ask of values so that no occurrence over a border is missed. */
export function borderTests({ directory }: Columns, needle: Needle): BorderTest[] {
  const { parent, kind, column, constants } = directory.nodes
  const mayBe = bytesOf(needle)
  const tests: BorderTest[] = []
  for (let node = FIRST_NODE; node < kind.length; node++) {
    const constant = constants[node]
    const length = constant.length
    const up = parent[node]
    const follows = up >= FIRST_NODE
    const hasValue = kind[node] !== END
    if (hasValue && length > 0 && mayBe[constant[length - 1]] === 1) {
      addBegins(tests, constant, needle, column[node], node)
    }
    if (follows && (length === 0 ? hasValue : mayBe[constant[0]] === 1)) {
      addEnds(tests, constant, needle, column[up], node, hasValue)
    }
  }
  return tests
}

/** 1 for each byte that is in the needle, in either case where it folds. */
function bytesOf({ bytes, folds }: Needle): Uint8Array {
  const set = new Uint8Array(256)
  for (let i = 0; i < bytes.length; i++) {
    set[bytes[i]] = 1
    set[bytes[i] & ~folds[i]] = 1
  }
  return set
}

function addBegins(
  tests: BorderTest[],
  constant: Uint8Array,
  needle: Needle,
  column: number,
  node: number,
): void {
  const longest = Math.min(constant.length, needle.bytes.length - 1)
  for (let at = 1; at <= longest; at++) {
    if (foldedEquals(constant, constant.length - at, needle, 0, at)) {
      tests.push({ column, node, kind: BEGINS, at })
    }
  }
}

function addEnds(
  tests: BorderTest[],
  constant: Uint8Array,
  needle: Needle,
  column: number,
  node: number,
  hasValue: boolean,
): void {
  const all = needle.bytes.length
  for (let at = 1; at < all; at++) {
    const isInside = at + constant.length < all
    if (isInside && !hasValue) continue
    if (!foldedEquals(constant, 0, needle, at, isInside ? at + constant.length : all)) continue
    tests.push({ column, node, kind: isInside ? ENDS_UNSURE : ENDS, at })
  }
}
