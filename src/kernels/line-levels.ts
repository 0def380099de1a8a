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
  const base = lineFrom[from]
  const last = Math.min(to, from + found.length)
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

/** The sets of assembly/levels.as for these names: 32 bytes each. */
function letterSets({ fields, sides }: LevelRules): Uint8Array {
  const names = [...WORDS, ...fields]
  const before: number[] = []
  for (let byte = 0; byte < 0x80; byte++) {
    if (byte <= 0x20 || byte === 0x22 || (sides[byte] & 1) !== 0) before.push(byte)
  }
  const letters = (place: number): number[] =>
    names.flatMap((name) => [name.toLowerCase().charCodeAt(place), name.toUpperCase().charCodeAt(place)])
  const sets = new Uint8Array(128)
  ;[before, letters(0), letters(1), letters(2)].forEach((bytes, set) => {
    for (const byte of bytes) {
      sets[set * 32 + (byte & 15)] |= 1 << (byte >>> 4)
      sets[set * 32 + 16 + (byte >>> 4)] = 1 << (byte >>> 4)
    }
  })
  return sets
}
