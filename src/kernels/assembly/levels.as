import { INPUT } from './memory'

// The level that each line states, as src/server/push/level-line.ts finds it, which is its twin. A word or a
// field can begin only behind certain bytes and with certain letters: 16 places at a time are ruled out by two
// lookups, and the few that are left are looked at closely.

export const LEVEL_LINES_CAPACITY: i32 = 1 << 13
/** Per line: where it begins and ends in the input. */
export const LEVEL_SPANS: usize = memory.data(1 << 16, 64)
/** Per line: its level's code. */
export const LEVEL_CODES: usize = memory.data(1 << 13, 64)

export const FIELD_CAPACITY: i32 = 64
export const FIELD_NAME_BYTES: i32 = 32
/** Per field its length, its name, and its name in lower case, the latter two in FIELD_NAME_BYTES each. */
export const FIELD_LENGTHS: usize = memory.data(64, 64)
export const FIELD_NAMES: usize = memory.data(64 * 32, 64)
export const FIELD_LOWERS: usize = memory.data(64 * 32, 64)
/** Per byte: 1 where it may stand left of a level word, 2 where it may stand right of one. */
export const LEVEL_SIDES: usize = memory.data(256, 64)
/**
 * Four sets of bytes, two bits each: the first, second and third letter of any word or field, and what may
 * stand before one beside bytes up to 0x20. A byte, in lower case, is in a set where the 16 bytes for its low
 * and for its high half have a bit of the set in common; others may be, too, where that costs little.
 */
export const LEVEL_SETS: usize = memory.data(32, 64)
/** Once per lane: loaded before a loop they stay in registers, which literals in it would not. */
const constants: usize = memory.data<u64>([
  0x2020202020202020, 0x2020202020202020,
  0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f,
  0x0303030303030303, 0x0303030303030303,
  0x0c0c0c0c0c0c0c0c, 0x0c0c0c0c0c0c0c0c,
  0x3030303030303030, 0x3030303030303030,
  0xc0c0c0c0c0c0c0c0, 0xc0c0c0c0c0c0c0c0,
], 16)

const QUOTE: u8 = 0x22
const EQUALS: u8 = 0x3d
const COLON: u8 = 0x3a
const BACKSLASH: u8 = 0x5c
const FIELD_FOUND: i32 = -1
const NO_RANK: i32 = 0x7fff_ffff

let fields: i32 = 0
let maxLength: usize = 0
let maxDepth: i32 = 0

/** Says how many fields there are, how long their names at most, and how deep in JSON they may stand. */
export function setLevelFields(count: i32, longest: i32, depth: i32): void {
  fields = count
  maxLength = longest
  maxDepth = depth
}

/** Finds the levels of the first `count` of LEVEL_SPANS. */
export function findLevels(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const from = INPUT + <usize>load<u32>(LEVEL_SPANS + (i << 3))
    const to = INPUT + <usize>load<u32>(LEVEL_SPANS + (i << 3), 4)
    store<u8>(LEVEL_CODES + i, levelOf(from, to))
  }
}

function levelOf(from: usize, to: usize): i32 {
  let first = from
  while (first < to && isSpace(load<u8>(first))) first++
  if (first == to) return 0
  let last = to - 1
  while (last > first && isSpace(load<u8>(last))) last--
  const json = load<u8>(first) == 0x7b && load<u8>(last) == 0x7d
  const found = scanLine(first, to, json, true)
  if (found != FIELD_FOUND) return found
  const code = json ? levelInJson(first, to) : levelInLogfmt(first, to)
  return code >= 0 ? code : scanLine(from, to, false, false)
}

/**
 * The level of the first level word that stands by itself, 0 for none; FIELD_FOUND where `withFields` and a
 * field could state one.
 */
function scanLine(from: usize, to: usize, json: bool, withFields: bool): i32 {
  // Nothing stands before the first place, so it is looked at in any case.
  if (withFields && fieldAt(from, from, to, json)) return FIELD_FOUND
  let level = wordAt(from, from, to)
  if (level > 0 && !withFields) return level
  const low = v128.load(LEVEL_SETS)
  const high = v128.load(LEVEL_SETS, 16)
  const space = v128.load(constants)
  const half = v128.load(constants, 16)
  const first = v128.load(constants, 32)
  const second = v128.load(constants, 48)
  const third = v128.load(constants, 64)
  const before = v128.load(constants, 80)
  let sets = setsAt(from, low, high, space, half, before)
  for (let at = from + 1; at + 2 < to; at += 16) {
    const next = setsAt(at + 15, low, high, space, half, before)
    const impossible = v128.or(
      v128.or(
        isNone(v128.and(sets, before)),
        isNone(v128.and(i8x16.shuffle(sets, next, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), first)),
      ),
      v128.or(
        isNone(v128.and(i8x16.shuffle(sets, next, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17), second)),
        isNone(v128.and(i8x16.shuffle(sets, next, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18), third)),
      ),
    )
    sets = next
    let places = i8x16.bitmask(impossible) ^ 0xffff
    for (; places != 0; places &= places - 1) {
      const place = at + <usize>ctz(places)
      if (place + 2 >= to) break
      if (withFields && fieldAt(place, from, to, json)) return FIELD_FOUND
      if (level == 0) {
        level = wordAt(place, from, to)
        if (level > 0 && !withFields) return level
      }
    }
  }
  return level
}

/** The sets that each of the 16 bytes at `at` is in. */
@inline
function setsAt(at: usize, low: v128, high: v128, space: v128, half: v128, before: v128): v128 {
  const bytes = v128.load(at)
  const lower = v128.or(bytes, space)
  const byLow = i8x16.swizzle(low, v128.and(lower, half))
  const byHigh = i8x16.swizzle(high, v128.and(i16x8.shr_u(lower, 4), half))
  return v128.or(v128.and(byLow, byHigh), v128.and(i8x16.le_u(bytes, space), before))
}

@inline
function isNone(sets: v128): v128 {
  return i8x16.eq(sets, i8x16.splat(0))
}

function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

/** Whether a level field with a text for its value could begin at `at`. */
function fieldAt(at: usize, from: usize, to: usize, json: bool): bool {
  if (at > from) {
    const before = load<u8>(at - 1)
    if (json ? before != QUOTE : before > 0x20 && before != QUOTE) return false
  }
  let end = at
  const stop = min(to, at + maxLength)
  while (end < stop && load<u8>(end) != QUOTE && load<u8>(end) != EQUALS) end++
  if (end >= to) return false
  if (!json) return load<u8>(end) == EQUALS && rankOf(at, end) != NO_RANK
  if (load<u8>(end) != QUOTE || !isField(at, end)) return false
  end = afterSpace(end + 1, to)
  if (end >= to || load<u8>(end) != COLON) return false
  end = afterSpace(end + 1, to)
  return end < to && load<u8>(end) == QUOTE
}

function afterSpace(at: usize, to: usize): usize {
  while (at < to && isSpace(load<u8>(at))) at++
  return at
}

function isField(from: usize, to: usize): bool {
  const length = <i32>(to - from)
  for (let f = 0; f < fields; f++) {
    if (<i32>load<u8>(FIELD_LENGTHS + f) != length) continue
    const name = FIELD_NAMES + f * FIELD_NAME_BYTES
    let i = 0
    while (i < length && load<u8>(from + i) == load<u8>(name + i)) i++
    if (i == length) return true
  }
  return false
}

/** The place of the first field of this name in any case; NO_RANK for none. */
function rankOf(from: usize, to: usize): i32 {
  const length = <i32>(to - from)
  for (let f = 0; f < fields; f++) {
    if (<i32>load<u8>(FIELD_LENGTHS + f) != length) continue
    const name = FIELD_LOWERS + f * FIELD_NAME_BYTES
    let i = 0
    while (i < length && lowered(load<u8>(from + i)) == load<u8>(name + i)) i++
    if (i == length) return f
  }
  return NO_RANK
}

@inline
function lowered(byte: u8): u8 {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** The level of the first text at a level field that stands not too deep; -1 where it states none. */
function levelInJson(start: usize, to: usize): i32 {
  let depth = 0
  let arrays = 0
  let wanted = false
  for (let at = start; at < to; at++) {
    const byte = load<u8>(at)
    if (byte == QUOTE) {
      const from = ++at
      while (at < to) {
        const inside = load<u8>(at)
        if (inside == QUOTE) break
        at += inside == BACKSLASH ? 2 : 1
      }
      if (wanted) return levelOfValue(from, at)
      if (at - from > maxLength) continue
      const end = at
      let next = afterSpace(at + 1, to)
      if (next >= to || load<u8>(next) != COLON) continue
      at = next
      if (arrays > 0 || depth > maxDepth || !isField(from, end)) continue
      next = afterSpace(next + 1, to)
      wanted = next < to && load<u8>(next) == QUOTE
    } else if (byte == 0x7b) depth++
    else if (byte == 0x7d) depth--
    else if (byte == 0x5b) arrays++
    else if (byte == 0x5d) arrays--
  }
  return -1
}

/** The level at the field that is first in the list; -1 where it states none. */
function levelInLogfmt(start: usize, to: usize): i32 {
  let bestRank = NO_RANK
  let bestFrom: usize = 0
  let bestTo: usize = 0
  let at = start
  while (at < to && bestRank > 0) {
    while (at < to && load<u8>(at) <= 0x20) at++
    const keyFrom = at
    while (at < to && load<u8>(at) > 0x20 && load<u8>(at) != EQUALS && load<u8>(at) != QUOTE) at++
    if (at >= to || load<u8>(at) == QUOTE) break
    if (load<u8>(at) != EQUALS) continue
    const rank = rankOf(keyFrom, at)
    at++
    let valueFrom = at
    let valueTo: usize
    if (at < to && load<u8>(at) == QUOTE) {
      valueFrom = ++at
      while (at < to && load<u8>(at) != QUOTE) at += load<u8>(at) == BACKSLASH ? 2 : 1
      if (at >= to) break
      valueTo = at++
    } else {
      while (at < to && load<u8>(at) > 0x20) at++
      valueTo = at
    }
    if (rank < bestRank) {
      bestRank = rank
      bestFrom = valueFrom
      bestTo = valueTo
    }
  }
  return bestRank == NO_RANK ? -1 : levelOfValue(bestFrom, bestTo)
}

const TRACE: i32 = 1
const DEBUG: i32 = 2
const INFO: i32 = 3
const WARN: i32 = 4
const ERROR: i32 = 5
const CRITICAL: i32 = 6
const FATAL: i32 = 7

/** Four letters in lower case, as a little-endian number. */
const TRAC: u32 = 0x63617274
const DEBU: u32 = 0x75626564
const INFO_: u32 = 0x6f666e69
const WARN_: u32 = 0x6e726177
const ERRO: u32 = 0x6f727265
const CRIT: u32 = 0x74697263
const FATA: u32 = 0x61746166
const ICAL: u32 = 0x6c616369
const CASES: u32 = 0x20202020

/** The code of the level word in [from, to), in any case; -1 for any other text. */
function levelOfValue(from: usize, to: usize): i32 {
  const length = to - from
  if (length < 3 || length > 11) return -1
  const head = load<u32>(from) | CASES
  const fifth = load<u8>(from + 4) | 0x20
  if (length == 3) {
    const word = head & 0xff_ffff
    if (word == 0x637274) return TRACE
    if (word == 0x676264) return DEBUG
    if (word == (INFO_ & 0xff_ffff)) return INFO
    if (word == 0x6e7277) return WARN
    if (word == (ERRO & 0xff_ffff)) return ERROR
  } else if (length == 4) {
    if (head == INFO_) return INFO
    if (head == WARN_) return WARN
  } else if (length == 5) {
    if (head == TRAC && fifth == 0x65) return TRACE
    if (head == DEBU && fifth == 0x67) return DEBUG
    if (head == ERRO && fifth == 0x72) return ERROR
    if (head == FATA && fifth == 0x6c) return FATAL
  } else if (length == 7) {
    if (head == WARN_ && ((load<u32>(from + 3) | CASES) == 0x676e696e)) return WARN
  } else if (length == 8) {
    if (head == CRIT && ((load<u32>(from + 4) | CASES) == ICAL)) return CRITICAL
  } else if (length == 11) {
    const middle = load<u32>(from + 4) | CASES
    const tail = load<u32>(from + 7) | CASES
    if (head == INFO_ && middle == 0x74616d72 && tail == 0x6e6f6974) return INFO
  }
  return -1
}

/** The code of the level word that begins at `at` and stands by itself; 0 for none. */
function wordAt(at: usize, from: usize, to: usize): i32 {
  if (at > from && (load<u8>(LEVEL_SIDES + load<u8>(at - 1)) & 1) == 0) return 0
  if (to - at < 3) return 0
  const head = load<u32>(at) | CASES
  const fifth = load<u8>(at + 4) | 0x20
  if (head == WARN_) {
    if ((load<u32>(at + 3) | CASES) == 0x676e696e && endsAt(at + 7, to)) return WARN
    return endsAt(at + 4, to) ? WARN : 0
  }
  if (head == INFO_) return endsAt(at + 4, to) ? INFO : 0
  if ((head & 0xff_ffff) == (ERRO & 0xff_ffff)) {
    if (head == ERRO && fifth == 0x72 && endsAt(at + 5, to)) return ERROR
    return endsAt(at + 3, to) ? ERROR : 0
  }
  if (head == TRAC && fifth == 0x65) return endsAt(at + 5, to) ? TRACE : 0
  if (head == DEBU && fifth == 0x67) return endsAt(at + 5, to) ? DEBUG : 0
  if (head == FATA && fifth == 0x6c) return endsAt(at + 5, to) ? FATAL : 0
  if (head == CRIT && (load<u32>(at + 4) | CASES) == ICAL) return endsAt(at + 8, to) ? CRITICAL : 0
  return 0
}

@inline
function endsAt(end: usize, to: usize): bool {
  return end == to || (end < to && (load<u8>(LEVEL_SIDES + load<u8>(end)) & 2) != 0)
}
