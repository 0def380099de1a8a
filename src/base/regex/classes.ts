import type { Range } from './ast.ts'

const MAX_CODE = 0x10ffff

const DIGIT: readonly Range[] = [[0x30, 0x39]]
const UPPER: readonly Range[] = [[0x41, 0x5a]]
const LOWER: readonly Range[] = [[0x61, 0x7a]]
const WORD: readonly Range[] = [...DIGIT, ...UPPER, [0x5f, 0x5f], ...LOWER]

/** `\d`, `\s` and `\w`; their upper-case forms are the complements. */
export const PERL_CLASSES: ReadonlyMap<string, readonly Range[]> = new Map([
  ['d', DIGIT],
  [
    's',
    [
      [0x09, 0x0a],
      [0x0c, 0x0d],
      [0x20, 0x20],
    ],
  ],
  ['w', WORD],
])

/** The names inside `[[:…:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, readonly Range[]> = new Map<string, readonly Range[]>([
  ['alnum', [...DIGIT, ...UPPER, ...LOWER]],
  ['alpha', [...UPPER, ...LOWER]],
  ['ascii', [[0, 0x7f]]],
  [
    'blank',
    [
      [0x09, 0x09],
      [0x20, 0x20],
    ],
  ],
  [
    'cntrl',
    [
      [0, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ['digit', DIGIT],
  ['graph', [[0x21, 0x7e]]],
  ['lower', LOWER],
  ['print', [[0x20, 0x7e]]],
  [
    'punct',
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  [
    'space',
    [
      [0x09, 0x0d],
      [0x20, 0x20],
    ],
  ],
  ['upper', UPPER],
  ['word', WORD],
  ['xdigit', [...DIGIT, [0x41, 0x46], [0x61, 0x66]]],
])

/** Sorted, with overlapping and touching ranges joined. */
export function normalizeRanges(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0])
  const out: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = out.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return out
}

/** Every other code point. Takes normalized ranges. */
export function negateRanges(ranges: readonly Range[]): Range[] {
  const out: Range[] = []
  let next = 0
  for (const [from, to] of ranges) {
    if (from > next) out.push([next, from - 1])
    next = to + 1
  }
  if (next <= MAX_CODE) out.push([next, MAX_CODE])
  return out
}

/**
 * The ranges with the other case of their letters, by Unicode's simple folding. Only for ASCII, whose letters
 * fold to each other, to U+017F (s) and to U+212A (k); `undefined` where others are in the ranges.
 */
export function foldRanges(ranges: readonly Range[]): Range[] | undefined {
  if (ranges.some(([, to]) => to > 0x7f)) return undefined
  const out: Range[] = [...ranges]
  for (const [from, to] of ranges) {
    for (let code = from; code <= to; code++) {
      const lower = code | 0x20
      if (lower < 0x61 || lower > 0x7a) continue
      out.push([lower, lower], [lower ^ 0x20, lower ^ 0x20])
      if (lower === 0x73) out.push([0x17f, 0x17f])
      if (lower === 0x6b) out.push([0x212a, 0x212a])
    }
  }
  return normalizeRanges(out)
}
