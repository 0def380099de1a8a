import { BODY } from './snappy'

// A logproto.PushRequest in the body, taken apart: rows as columns, lines moved together to the front of the
// body, labels and structured metadata to the side. Whatever is out of the ordinary is left to the host.

export const ROWS_CAPACITY: i32 = 1 << 16
export const STREAMS_CAPACITY: i32 = 1 << 12
export const TEXT_BYTES: i32 = 1 << 20

/** Per row: f64 milliseconds. */
export const ROW_MS: usize = memory.data(1 << 19, 64)
/** Per row: u32 nanoseconds; where its line ends in the body; the span of its metadata in the text. */
export const ROW_NS: usize = memory.data(1 << 18, 64)
export const ROW_LINE_TO: usize = memory.data(1 << 18, 64)
export const ROW_META_FROM: usize = memory.data(1 << 18, 64)
export const ROW_META_TO: usize = memory.data(1 << 18, 64)
/** Per stream four u32: its first row, one past its last, where its labels begin and end in the text. */
export const STREAMS: usize = memory.data(1 << 16, 64)
/** Labels of streams, and the `structuredMetadata` fields of rows, as they came. */
export const TEXT: usize = memory.data(TEXT_BYTES, 64)

let at: usize = 0
let failed: bool = false
let rows: i32 = 0
let streams: i32 = 0
let lineAt: usize = 0
let textAt: usize = 0

/** Rows of the last body. */
export function pushRows(): i32 {
  return rows
}

/** Bytes of TEXT that the last body filled. */
export function pushTextBytes(): i32 {
  return <i32>(textAt - TEXT)
}

/** Takes the first `length` bytes of the body apart. Gives the number of streams; -1: it is for the host. */
export function readPush(length: i32): i32 {
  const end: usize = BODY + length
  at = BODY
  failed = false
  rows = 0
  streams = 0
  lineAt = BODY
  textAt = TEXT
  while (at < end) {
    const tag = varint(end)
    if (tag == 10) {
      const to = fieldEnd(end)
      if (failed) return -1
      readStream(to)
    } else skip(tag, end)
    if (failed) return -1
  }
  return streams
}

function readStream(end: usize): void {
  if (streams == STREAMS_CAPACITY) {
    failed = true
    return
  }
  const stream = STREAMS + (<usize>streams << 4)
  streams++
  store<u32>(stream, rows)
  store<u32>(stream, 0, 8)
  store<u32>(stream, 0, 12)
  while (at < end) {
    const tag = varint(end)
    if (tag == 18) {
      const to = fieldEnd(end)
      if (failed) return
      readEntry(to)
    } else if (tag == 10) {
      const to = fieldEnd(end)
      if (failed) return
      store<u32>(stream, <u32>(textAt - TEXT), 8)
      keepText(at, to)
      store<u32>(stream, <u32>(textAt - TEXT), 12)
      at = to
    } else skip(tag, end)
    if (failed) return
  }
  store<u32>(stream, rows, 4)
}

function readEntry(end: usize): void {
  if (rows == ROWS_CAPACITY) {
    failed = true
    return
  }
  const row = <usize>rows
  rows++
  // A message without timestamp is the zero of Go's time: year 1, which is always too old.
  store<f64>(ROW_MS + (row << 3), -62_135_596_800_000)
  store<u32>(ROW_NS + (row << 2), 0)
  store<u32>(ROW_META_FROM + (row << 2), 0)
  store<u32>(ROW_META_TO + (row << 2), 0)
  const lineFrom = lineAt
  while (at < end) {
    const tagAt = at
    const tag = varint(end)
    if (tag != 10 && tag != 18 && tag != 26) {
      skip(tag, end)
      if (failed) return
      continue
    }
    const to = fieldEnd(end)
    if (failed) return
    if (tag == 10) readTimestamp(to, row)
    else if (tag == 18) {
      // Lines only ever move forward, over what was read already.
      const length = to - at
      if (at - lineFrom < 16 || length > 512) memory.copy(lineFrom, at, length)
      else for (let i: usize = 0; i < length; i += 16) v128.store(lineFrom + i, v128.load(at + i))
      lineAt = lineFrom + (to - at)
    } else {
      const place = ROW_META_TO + (row << 2)
      if (load<u32>(place) == 0) store<u32>(ROW_META_FROM + (row << 2), <u32>(textAt - TEXT))
      keepText(tagAt, to)
      store<u32>(place, <u32>(textAt - TEXT))
    }
    if (failed) return
    at = to
  }
  store<u32>(ROW_LINE_TO + (row << 2), <u32>(lineAt - BODY))
}

function readTimestamp(end: usize, row: usize): void {
  let seconds: f64 = 0
  let nanos: f64 = 0
  while (at < end) {
    const tag = varint(end)
    if (tag == 8) seconds = signed(end)
    else if (tag == 16) nanos = signed(end)
    else skip(tag, end)
    if (failed) return
  }
  // Beyond this the arithmetic would not be exact.
  if (Math.abs(nanos) > 1e15) {
    failed = true
    return
  }
  const wholeMs = Math.floor(nanos / 1_000_000)
  store<f64>(ROW_MS + (row << 3), seconds * 1000 + wholeMs)
  store<u32>(ROW_NS + (row << 2), <u32>(nanos - wholeMs * 1_000_000))
}

function keepText(from: usize, to: usize): void {
  if (textAt + (to - from) > TEXT + TEXT_BYTES) {
    failed = true
    return
  }
  memory.copy(textAt, from, to - from)
  textAt += to - from
}

/** A varint below 2^31: every tag and length that makes sense. */
function varint(end: usize): i32 {
  const value = varint64(end)
  if (value > 0x7fff_ffff) {
    failed = true
    return 0
  }
  return <i32>value
}

function varint64(end: usize): u64 {
  let value: u64 = 0
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (at >= end) break
    const byte = <u64>load<u8>(at++)
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  failed = true
  return 0
}

/** As protobuf writes int64: ten bytes of two's complement for negative ones. */
function signed(end: usize): f64 {
  const from = at
  const value = varint64(end)
  if (at - from == 10) return <f64>(<i64>value)
  if (value > 0x1f_ffff_ffff_ffff) failed = true
  return <f64>value
}

/** Reads a length and gives where the field ends. */
function fieldEnd(end: usize): usize {
  const length = <usize>varint(end)
  if (length > end - at) failed = true
  return at + length
}

function skip(tag: i32, end: usize): void {
  const kind = tag & 7
  if (kind == 0) varint64(end)
  else if (kind == 2) {
    const to = fieldEnd(end)
    at = to
  } else if (kind == 1 || kind == 5) {
    const size: usize = kind == 1 ? 8 : 4
    if (size > end - at) failed = true
    at += size
  } else failed = true
}
