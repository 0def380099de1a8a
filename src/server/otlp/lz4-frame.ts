import { xxHash32 } from '#base/xxhash32.ts'

/** An LZ4 frame that cannot be read. */
export class Lz4Error extends Error {}

/** An LZ4 frame that holds more than it may. */
export class Lz4TooLarge extends Error {}

const MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION = 0x40
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01
const STORED = 0x80000000
const MIN_MATCH = 4

/** What is read, and what has been made of it. */
interface State {
  readonly input: Buffer
  at: number
  output: Buffer
  size: number
  readonly maxBytes: number
}

/**
 * Uncompresses a frame of LZ4 (lz4_Frame_format.md 1.6), checksums included; frames with a dictionary are not
 * understood. Memory grows with what comes out.
 * @throws Lz4Error where it is cut short or damaged, Lz4TooLarge where more than `maxBytes` come out
 */
export function uncompressLz4Frame(input: Buffer, maxBytes: number): Buffer {
  const state: State = { input, at: 0, output: Buffer.alloc(0), size: 0, maxBytes }
  if (readUint32(state) !== MAGIC) throw new Lz4Error('bad magic number')
  const flags = readHeader(state)
  for (;;) {
    const size = readUint32(state)
    if (size === 0) break
    const block = take(state, size & ~STORED)
    if ((flags & BLOCK_CHECKSUM) !== 0 && readUint32(state) !== xxHash32(block)) {
      throw new Lz4Error('invalid block checksum')
    }
    if ((size & STORED) !== 0) append(state, block)
    else uncompressBlock(state, block)
  }
  const whole = state.output.subarray(0, state.size)
  if ((flags & CONTENT_CHECKSUM) !== 0 && readUint32(state) !== xxHash32(whole)) {
    throw new Lz4Error('invalid frame checksum')
  }
  return whole
}

function readHeader(state: State): number {
  const from = state.at
  const [flags] = take(state, 2)
  if ((flags & VERSION_MASK) !== VERSION) throw new Lz4Error('unsupported version')
  if ((flags & DICTIONARY) !== 0) throw new Lz4Error('dictionaries are not supported')
  if ((flags & CONTENT_SIZE) !== 0) {
    const size = Number(take(state, 8).readBigUInt64LE())
    if (size > state.maxBytes) throw new Lz4TooLarge()
  }
  const checksum = (xxHash32(state.input.subarray(from, state.at)) >>> 8) & 0xff
  if (take(state, 1)[0] !== checksum) throw new Lz4Error('invalid header checksum')
  return flags
}

function take(state: State, size: number): Buffer {
  if (state.at + size > state.input.length) throw new Lz4Error('unexpected EOF')
  const bytes = state.input.subarray(state.at, state.at + size)
  state.at += size
  return bytes
}

function readUint32(state: State): number {
  return take(state, 4).readUInt32LE()
}

/** Makes room for so many bytes more. */
function reserve(state: State, more: number): void {
  const needed = state.size + more
  if (needed > state.maxBytes) throw new Lz4TooLarge()
  if (needed <= state.output.length) return
  const larger = Buffer.allocUnsafe(
    Math.min(state.maxBytes, Math.max(needed, state.output.length * 2, 65_536)),
  )
  state.output.copy(larger, 0, 0, state.size)
  state.output = larger
}

function append(state: State, bytes: Uint8Array): void {
  reserve(state, bytes.length)
  state.output.set(bytes, state.size)
  state.size += bytes.length
}

/** Sequences of literals and matches; a match may reach back into earlier blocks. */
function uncompressBlock(state: State, block: Buffer): void {
  let at = 0
  const length = (nibble: number): number => {
    let sum = nibble
    for (let byte = 255; nibble === 15 && byte === 255; ) {
      if (at >= block.length) throw new Lz4Error('invalid source')
      byte = block[at++]
      sum += byte
    }
    return sum
  }
  while (at < block.length) {
    const token = block[at++]
    const literals = length(token >> 4)
    if (at + literals > block.length) throw new Lz4Error('invalid source')
    append(state, block.subarray(at, at + literals))
    at += literals
    // The last sequence has no match.
    if (at === block.length) return
    if (at + 2 > block.length) throw new Lz4Error('invalid source')
    const offset = block.readUInt16LE(at)
    at += 2
    const matched = length(token & 15) + MIN_MATCH
    if (offset === 0 || offset > state.size) throw new Lz4Error('invalid source')
    reserve(state, matched)
    const { output, size } = state
    for (let i = 0; i < matched; i++) output[size + i] = output[size + i - offset]
    state.size += matched
  }
}
