import { makeLineLevelKernel } from '#kernels/line-levels.ts'
import { type Loaded, loaded } from '#kernels/wasm.ts'
import {
  levelInText,
  levelOfValue,
  markPair,
  SIDE,
  WORD_HEAD,
  WORD_NECK,
  wordNear,
  wordPairs,
} from './level-words.ts'

/** Finds the level a line states, as Loki's level discovery does; a code of `LEVELS`. Runs once per line. */
export type LineLevel = (bytes: Uint8Array, from: number, to: number) => number

/** Writes the level's code of each of the rows `[from, to)` to `codes`, by the number of the row. */
export type LineLevels = (
  bytes: Uint8Array,
  lineFrom: Uint32Array,
  lineTo: Uint32Array,
  from: number,
  to: number,
  codes: Uint8Array,
) => void

/** {@link compileLineLevel} for many lines at a time, by the kernel where there is one. */
export function compileLineLevels(
  names: readonly string[],
  jsonMaxDepth: number,
  kernels: Loaded = loaded,
): LineLevels {
  const lineLevel = compileLineLevel(names, jsonMaxDepth)
  const maxDepth = jsonMaxDepth <= 0 ? Number.POSITIVE_INFINITY : jsonMaxDepth
  const kernel = makeLineLevelKernel({ fields: names, maxDepth, sides: SIDE }, lineLevel, kernels)
  if (kernel !== undefined) return kernel
  return (bytes, lineFrom, lineTo, from, to, codes) => {
    for (let row = from; row < to; row++) codes[row] = lineLevel(bytes, lineFrom[row], lineTo[row])
  }
}

/** Names of level fields, and which first letters and lengths they have, to rule most keys out at once. */
interface FieldTable {
  readonly fields: readonly { readonly name: Uint8Array; readonly lower: Uint8Array }[]
  /** Per byte: some field begins with it, in any case. */
  readonly first: Uint8Array
  readonly maxLength: number
  /**
   * Marks per pair of bytes: those of level words, and of letters one and two, two and three of the names.
   */
  readonly pairs: Uint8Array
  /** Some name has fewer than three letters, which pairs cannot find. */
  readonly hasShort: boolean
}

const FIELD_HEAD = 4
const FIELD_NECK = 8
const WORD = WORD_HEAD | WORD_NECK
const FIELD = FIELD_HEAD | FIELD_NECK

/**
 * Compiles the level discovery for a list of field names (`log_level_fields`) and a depth of JSON objects
 * to look into
 * (`log_level_from_json_max_depth`, at most 0 is any depth).
 *
 * One pass over every other pair of bytes finds both what could be a level field and the level words of the
 * text; the
 * structure of a line is parsed only when there is a field that could state its level.
 */
export function compileLineLevel(names: readonly string[], jsonMaxDepth: number): LineLevel {
  const table = fieldTable(names)
  const maxDepth = jsonMaxDepth <= 0 ? Number.POSITIVE_INFINITY : jsonMaxDepth
  const structured = (bytes: Uint8Array, from: number, to: number, json: boolean): number =>
    json ? levelInJson(bytes, from, to, table, maxDepth) : levelInLogfmt(bytes, from, to, table)
  return (bytes, from, to) => {
    let first = from
    while (first < to && isSpace(bytes[first])) first++
    if (first === to) return 0
    const json = bytes[first] === 0x7b && lastVisible(bytes, first, to) === 0x7d
    if (!table.hasShort) {
      const found = scanLine(bytes, first, to, json, table)
      if (found !== FIELD_FOUND) return found
    }
    const code = structured(bytes, first, to, json)
    return code >= 0 ? code : levelInText(bytes, from, to)
  }
}

/** What {@link scanLine} returns where a field could state the level. */
const FIELD_FOUND = -1

/** The level the text shows, provided that no field states one. */
function scanLine(bytes: Uint8Array, from: number, to: number, json: boolean, table: FieldTable): number {
  const { pairs } = table
  let level = 0
  for (let at = from; at < to - 1; at += 2) {
    const mark = pairs[(bytes[at] << 8) | bytes[at + 1]]
    if (mark === 0) continue
    if ((mark & FIELD) !== 0) {
      if ((mark & FIELD_HEAD) !== 0 && fieldAt(bytes, at, from, to, json, table)) return FIELD_FOUND
      if ((mark & FIELD_NECK) !== 0 && fieldAt(bytes, at - 1, from, to, json, table)) return FIELD_FOUND
    }
    if (level === 0 && (mark & WORD) !== 0) level = wordNear(bytes, at, from, to, mark)
  }
  return level
}

/** Whether a level field with a text for its value could begin at `at`. */
function fieldAt(
  bytes: Uint8Array,
  at: number,
  from: number,
  to: number,
  json: boolean,
  table: FieldTable,
): boolean {
  if (at < from) return false
  if (at > from) {
    const before = bytes[at - 1]
    if (json ? before !== 0x22 : before > 0x20 && before !== 0x22) return false
  }
  let end = at
  const stop = Math.min(to, at + table.maxLength)
  while (end < stop && bytes[end] !== 0x22 && bytes[end] !== 0x3d) end++
  if (end >= to) return false
  if (!json) return bytes[end] === 0x3d && rankOf(bytes, at, end, table) !== Number.POSITIVE_INFINITY
  if (bytes[end] !== 0x22 || !isField(bytes, at, end, table)) return false
  do end++
  while (end < to && isSpace(bytes[end]))
  if (bytes[end] !== 0x3a) return false
  do end++
  while (end < to && isSpace(bytes[end]))
  return end < to && bytes[end] === 0x22
}

function fieldTable(names: readonly string[]): FieldTable {
  const first = new Uint8Array(256)
  const fields = names.map((field) => {
    const name = Buffer.from(field)
    const lower = Buffer.from(field.toLowerCase())
    if (lower.length > 0) first[lower[0]] = first[Buffer.from(field.toUpperCase())[0]] = 1
    return { name, lower }
  })
  const pairs = wordPairs()
  for (const { lower } of fields) {
    if (lower.length < 3) continue
    markPair(pairs, lower[0], lower[1], FIELD_HEAD)
    markPair(pairs, lower[1], lower[2], FIELD_NECK)
  }
  const lengths = fields.map(({ name }) => name.length)
  return {
    fields,
    first,
    maxLength: Math.max(0, ...lengths),
    pairs,
    hasShort: lengths.some((length) => length < 3),
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function lastVisible(bytes: Uint8Array, from: number, to: number): number {
  let last = to - 1
  while (last > from && isSpace(bytes[last])) last--
  return bytes[last]
}

function isField(bytes: Uint8Array, from: number, to: number, table: FieldTable): boolean {
  const { fields } = table
  for (let f = 0; f < fields.length; f++) {
    const { name } = fields[f]
    if (name.length !== to - from) continue
    let i = 0
    while (i < name.length && bytes[from + i] === name[i]) i++
    if (i === name.length) return true
  }
  return false
}

/**
 * The level of the first text at a level field, objects no deeper than `maxDepth` and arrays left aside; -1
 * where there
 * is none or it is no level word. One pass, no look-ahead: a string is a key when a colon follows it inside
 * an object.
 */
function levelInJson(
  bytes: Uint8Array,
  start: number,
  to: number,
  table: FieldTable,
  maxDepth: number,
): number {
  let depth = 0
  let arrays = 0
  let wanted = false
  for (let at = start; at < to; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      const from = ++at
      for (let inside = bytes[at]; at < to && inside !== 0x22; inside = bytes[at])
        at += inside === 0x5c ? 2 : 1
      if (wanted) return levelOfValue(bytes, from, at)
      if (table.first[bytes[from]] === 0 || at - from > table.maxLength) continue
      const end = at
      let next = at + 1
      while (next < to && isSpace(bytes[next])) next++
      if (bytes[next] !== 0x3a || next >= to) continue
      at = next
      if (arrays > 0 || depth > maxDepth || !isField(bytes, from, end, table)) continue
      do next++
      while (next < to && isSpace(bytes[next]))
      wanted = bytes[next] === 0x22 && next < to
    } else if (byte === 0x7b) {
      depth++
    } else if (byte === 0x7d) {
      depth--
    } else if (byte === 0x5b) {
      arrays++
    } else if (byte === 0x5d) {
      arrays--
    }
  }
  return -1
}

/**
 * The level at the field that is first in the list, names in any case; -1 where there is none or it is no
 * level word.
 */
function levelInLogfmt(bytes: Uint8Array, start: number, to: number, table: FieldTable): number {
  let bestRank = Number.POSITIVE_INFINITY
  let bestFrom = 0
  let bestTo = 0
  let at = start
  while (at < to && bestRank > 0) {
    while (at < to && bytes[at] <= 0x20) at++
    const keyFrom = at
    while (at < to && bytes[at] > 0x20 && bytes[at] !== 0x3d && bytes[at] !== 0x22) at++
    // A quote within a key is where a logfmt decoder gives up.
    if (at < to && bytes[at] === 0x22) break
    if (at >= to || bytes[at] !== 0x3d) continue
    const rank = rankOf(bytes, keyFrom, at, table)
    at++
    let valueFrom = at
    let valueTo: number
    if (at < to && bytes[at] === 0x22) {
      valueFrom = ++at
      while (at < to && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1
      if (at >= to) break
      valueTo = at++
    } else {
      while (at < to && bytes[at] > 0x20) at++
      valueTo = at
    }
    if (rank < bestRank) {
      bestRank = rank
      bestFrom = valueFrom
      bestTo = valueTo
    }
  }
  return bestRank === Number.POSITIVE_INFINITY ? -1 : levelOfValue(bytes, bestFrom, bestTo)
}

function rankOf(bytes: Uint8Array, from: number, to: number, table: FieldTable): number {
  if (table.first[bytes[from]] === 0 || to - from > table.maxLength) return Number.POSITIVE_INFINITY
  for (let rank = 0; rank < table.fields.length; rank++) {
    const { lower } = table.fields[rank]
    if (lower.length !== to - from) continue
    let i = 0
    while (i < lower.length && lowered(bytes[from + i]) === lower[i]) i++
    if (i === lower.length) return rank
  }
  return Number.POSITIVE_INFINITY
}

function lowered(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
