import { levelInText, levelOfValue } from './level-words.ts'

/** Finds the level a line states, as Loki's level discovery does; a code of `LEVELS`. Runs once per line. */
export type LineLevel = (bytes: Uint8Array, from: number, to: number) => number

/** Names of level fields as bytes, by their length, with their place in the list. */
type FieldTable = readonly (readonly {
  readonly name: Uint8Array
  readonly lower: Uint8Array
  readonly rank: number
}[])[]

/**
 * Compiles the level discovery for a list of field names (`log_level_fields`) and a depth of JSON objects to look into
 * (`log_level_from_json_max_depth`, at most 0 is any depth).
 */
export function compileLineLevel(fields: readonly string[], jsonMaxDepth: number): LineLevel {
  const table = fieldTable(fields)
  const maxDepth = jsonMaxDepth <= 0 ? Number.POSITIVE_INFINITY : jsonMaxDepth
  return (bytes, from, to) => {
    let first = from
    while (first < to && isSpace(bytes[first])) first++
    if (first === to) return 0
    let code: number
    if (bytes[first] === 0x7b && lastVisible(bytes, first, to) === 0x7d) {
      code = levelInJson(bytes, first, to, table, maxDepth)
    } else {
      code = levelInLogfmt(bytes, first, to, table)
    }
    return code >= 0 ? code : levelInText(bytes, from, to)
  }
}

function fieldTable(fields: readonly string[]): FieldTable {
  const table: { name: Uint8Array; lower: Uint8Array; rank: number }[][] = []
  fields.forEach((field, rank) => {
    const name = Buffer.from(field)
    while (table.length <= name.length) table.push([])
    table[name.length].push({ name, lower: Buffer.from(field.toLowerCase()), rank })
  })
  return table
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
  if (to - from >= table.length) return false
  for (const { name } of table[to - from]) {
    let i = 0
    while (i < name.length && bytes[from + i] === name[i]) i++
    if (i === name.length) return true
  }
  return false
}

/**
 * The level of the first text at a level field, objects no deeper than `maxDepth` and arrays left aside; -1 where there
 * is none or it is no level word. One pass, no look-ahead: a string is a key when a colon follows it inside an object.
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
      while (at < to && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1
      if (wanted) return levelOfValue(bytes, from, at)
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

/** The level at the field that is first in the list, names in any case; -1 where there is none or it is no level word. */
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
    if (bytes[at] === 0x22) {
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
  if (to - from >= table.length) return Number.POSITIVE_INFINITY
  for (const { lower, rank } of table[to - from]) {
    let i = 0
    while (i < lower.length && lowered(bytes[from + i]) === lower[i]) i++
    if (i === lower.length) return rank
  }
  return Number.POSITIVE_INFINITY
}

function lowered(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
