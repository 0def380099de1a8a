import { type LevelMemory, type Loaded, loaded, type Wasm } from './wasm.ts'

/** What the levels of lines are found by. */
export interface LevelRules {
  /** Names of the fields that state a level, the first of them counting most. */
  readonly fields: readonly string[]
  /** How deep in JSON objects a field may stand. */
  readonly maxDepth: number
  /** Per byte: 1 where it may stand left of a level word, 2 where it may stand right of one. */
  readonly sides: Uint8Array
}

/**
 * Writes a level's code for each of the lines `[from, to)`, which lie in `bytes` where `lineFrom` and
 * `lineTo` say.
 */
export type LineLevelKernel = (
  bytes: Uint8Array,
  lineFrom: Uint32Array,
  lineTo: Uint32Array,
  from: number,
  to: number,
  codes: Uint8Array,
) => void

/** Finds the code of one line's level. */
export type LineLevelTwin = (bytes: Uint8Array, from: number, to: number) => number

/** The words that text is searched for. */
const WORDS = ['trace', 'debug', 'info', 'warn', 'error', 'critical', 'fatal']

/**
 * Makes the kernel for these rules; undefined where they are not for it. A line that is too long for it is
 * left to `twin`.
 */
export function makeLineLevelKernel(
  rules: LevelRules,
  twin: LineLevelTwin,
  kernels: Loaded = loaded,
): LineLevelKernel | undefined {
  const { wasm } = kernels
  if (wasm === undefined || !isFor(rules.fields, wasm.levels)) return undefined
  const sets = letterSets(rules)
  return (bytes, lineFrom, lineTo, from, to, codes) => {
    enter(wasm, rules, sets)
    for (let row = from; row < to; ) {
      const next = findSome(wasm, bytes, lineFrom, lineTo, row, to, codes)
      if (next === row) codes[row] = twin(bytes, lineFrom[row], lineTo[row++])
      else row = next
    }
  }
}

/** Takes as many lines as lie close enough together; gives the first that was not. */
function findSome(
  wasm: Wasm,
  bytes: Uint8Array,
  lineFrom: Uint32Array,
  lineTo: Uint32Array,
  from: number,
  to: number,
  codes: Uint8Array,
): number {
  const { spans, codes: found } = wasm.levels
  const last = Math.min(to, from + found.length)
  if (wasm.bodyHolder === bytes) {
    const bodyAt = wasm.push.body.byteOffset - wasm.input.byteOffset
    for (let row = from; row < last; row++) {
      spans[2 * (row - from)] = lineFrom[row] + bodyAt
      spans[2 * (row - from) + 1] = lineTo[row] + bodyAt
    }
    wasm.findLevels(last - from)
    codes.set(found.subarray(0, last - from), from)
    return last
  }
  const base = lineFrom[from]
  let row = from
  let end = base
  for (; row < last; row++) {
    if (lineFrom[row] < base || lineTo[row] - base > wasm.input.length) break
    spans[2 * (row - from)] = lineFrom[row] - base
    spans[2 * (row - from) + 1] = lineTo[row] - base
    if (lineTo[row] > end) end = lineTo[row]
  }
  if (row === from) return row
  wasm.input.set(bytes.subarray(base, end))
  wasm.findLevels(row - from)
  codes.set(found.subarray(0, row - from), from)
  return row
}

function isFor(fields: readonly string[], { fieldLengths, fieldNameBytes }: LevelMemory): boolean {
  const isFit = (name: string) =>
    name.length >= 3 && name.length <= fieldNameBytes && /^[\x01-\x7f]*$/.test(name)
  return fields.length <= fieldLengths.length && fields.every(isFit)
}

/** Sets the rules where others were used last. */
function enter(wasm: Wasm, rules: LevelRules, sets: Uint8Array): void {
  wasm.holder = undefined
  const { levels } = wasm
  if (levels.holder === rules) return
  const { fields, maxDepth, sides } = rules
  fields.forEach((name, i) => {
    levels.fieldLengths[i] = name.length
    levels.fieldNames.set(Buffer.from(name), i * levels.fieldNameBytes)
    levels.fieldLowers.set(Buffer.from(name.toLowerCase()), i * levels.fieldNameBytes)
  })
  levels.sides.set(sides)
  levels.sets.set(sets)
  const longest = Math.max(0, ...fields.map((name) => name.length))
  wasm.setLevelFields(fields.length, longest, Math.min(maxDepth, 2 ** 31 - 1))
  levels.holder = rules
}

/**
 * The sets of assembly/levels.as for these names. Of the two bits of a set one is for bytes whose high half
 * is even, the other for the others: letters have two high halves in lower case.
 */
function letterSets({ fields, sides }: LevelRules): Uint8Array {
  const names = [...WORDS, ...fields]
  const sets = new Uint8Array(32)
  const add = (set: number, byte: number): void => {
    const lower = byte | 0x20
    const bit = 1 << (set * 2 + ((lower >>> 4) & 1))
    sets[lower & 15] |= bit
    sets[16 + (lower >>> 4)] |= bit
  }
  for (const set of [0, 1, 2]) for (const name of names) add(set, name.charCodeAt(set))
  for (let byte = 0x21; byte < 0x80; byte++) if (byte === 0x22 || (sides[byte] & 1) !== 0) add(3, byte)
  return sets
}
