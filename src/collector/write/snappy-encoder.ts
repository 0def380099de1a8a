/**
 * Snappy's block format, written into memory of the caller's. The native package makes a new buffer for each
 * call, as large as the worst case; at 30 MB/s of lines that garbage alone is 30 MB of resident memory.
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */

/** Offsets of a copy fit into two bytes, so matches are looked for within so many bytes. */
const BLOCK_BYTES = 65_536
const TABLE_BITS = 14
const HASH_SHIFT = 32 - TABLE_BITS
const HASH_FACTOR = 0x1e35a7bd
/** A block's last bytes are not looked at: four of them are loaded at a time. */
const MARGIN_BYTES = 15
const SHORT_LITERAL_BYTES = 24

const TAG_COPY_1 = 1
const TAG_COPY_2 = 2

/** Where each hash was seen last, relative to the block. */
const table = new Uint16Array(1 << TABLE_BITS)

/** The most bytes that {@link snappyEncode} makes of `sizeBytes`. */
export function snappyMaxBytes(sizeBytes: number): number {
  return 32 + sizeBytes + Math.ceil(sizeBytes / 6)
}

/**
 * Compresses `source` to the start of `out`, which has room for {@link snappyMaxBytes}. Returns the bytes
 * used.
 */
export function snappyEncode(source: Uint8Array, out: Uint8Array): number {
  let at = 0
  let rest = source.length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80
  out[at++] = rest
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
  for (let from = 0; from < source.length; from += BLOCK_BYTES) {
    at = encodeBlock(source, view, from, Math.min(from + BLOCK_BYTES, source.length), out, at)
  }
  return at
}

function encodeBlock(
  source: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  out: Uint8Array,
  start: number,
): number {
  let at = start
  let literal = from
  const limit = to - MARGIN_BYTES
  table.fill(0)
  let here = from + 1
  let candidate = from
  while (here < limit) {
    // The longer nothing is found, the larger the steps: what cannot be compressed costs little.
    let skip = 32
    for (;;) {
      const word = view.getInt32(here, true)
      const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT
      candidate = from + table[hash]
      table[hash] = here - from
      if (candidate < here && view.getInt32(candidate, true) === word) break
      here += skip >> 5
      skip += skip >> 5
      if (here >= limit) return writeLiteral(source, literal, to, out, at)
    }
    if (literal < here) at = writeLiteral(source, literal, here, out, at)
    const end = matchEnd(source, view, candidate + 4, here + 4, to)
    at = writeCopy(out, at, here - candidate, end - here)
    literal = end
    here = end
    if (here < limit) {
      const hash = Math.imul(view.getInt32(here - 1, true), HASH_FACTOR) >>> HASH_SHIFT
      table[hash] = here - 1 - from
    }
  }
  return literal < to ? writeLiteral(source, literal, to, out, at) : at
}

/** Where the bytes from `here` on stop being those from `candidate` on. */
function matchEnd(source: Uint8Array, view: DataView, candidate: number, here: number, to: number): number {
  while (here + 4 <= to && view.getInt32(candidate, true) === view.getInt32(here, true)) {
    candidate += 4
    here += 4
  }
  while (here < to && source[candidate] === source[here]) {
    candidate++
    here++
  }
  return here
}

function writeLiteral(source: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  const last = to - from - 1
  if (last < 60) out[at++] = last << 2
  else if (last < 0x100) {
    out[at++] = 60 << 2
    out[at++] = last
  } else {
    out[at++] = 61 << 2
    out[at++] = last & 0xff
    out[at++] = last >> 8
  }
  if (last < SHORT_LITERAL_BYTES) {
    for (let i = from; i < to; i++) out[at++] = source[i]
    return at
  }
  out.set(source.subarray(from, to), at)
  return at + last + 1
}

function writeCopy(out: Uint8Array, at: number, offset: number, length: number): number {
  while (length > 64) {
    // What is left after this must be at least four bytes, the shortest copy.
    const part = length >= 68 ? 64 : 60
    at = writeCopy2(out, at, offset, part)
    length -= part
  }
  if (length >= 12 || offset >= 2048) return writeCopy2(out, at, offset, length)
  out[at++] = ((offset >> 8) << 5) | ((length - 4) << 2) | TAG_COPY_1
  out[at++] = offset & 0xff
  return at
}

function writeCopy2(out: Uint8Array, at: number, offset: number, length: number): number {
  out[at++] = ((length - 1) << 2) | TAG_COPY_2
  out[at++] = offset & 0xff
  out[at++] = offset >> 8
  return at
}
