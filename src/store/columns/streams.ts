import type { Wasm } from '#kernels/wasm.ts'
import { type ByteReader, type ByteWriter, FormatError } from '../embedded/bytes.ts'
import {
  checkPart,
  EMPTY_PART,
  inflatePart,
  type Part,
  type PartInfo,
  packPartSync,
  storePartInPlace,
} from '../embedded/parts.ts'
import type { Memory } from './memory.ts'

/** A stream of this many bytes has a chunk of its own: below, a zstd frame costs more than it saves. */
const OWN_CHUNK_BYTES = 16_384
/** The shared chunks: for text, for other bytes that compress, and for those that do not. */
const SHARED_TEXT = 0
const SHARED_BYTES = 1
const SHARED_STORED = 2
const SHARED_CHUNKS = 3
/** Bits per byte above which compressing is not tried. */
const NOISE_BITS = 7.6

/** Where a stream lies. */
export interface StreamRef {
  readonly chunk: number
  readonly offset: number
  readonly length: number
}

/** Gathers streams into chunks. */
export class StreamWriter {
  readonly #own: Part[] = []
  readonly #shared: Uint8Array[][] = [[], [], []]
  readonly #sharedBytes = new Uint32Array(SHARED_CHUNKS)
  readonly #memory: Memory
  /** The kernels to encode with; undefined for their twins. */
  readonly wasm: Wasm | undefined

  /** `memory` must not be taken back before {@link finish}. */
  constructor(memory: Memory, wasm: Wasm | undefined) {
    this.#memory = memory
    this.wasm = wasm
  }

  /** Keeps a stream, compressed where its bytes are not noise. `bytes` are copied. */
  add(bytes: Uint8Array): StreamRef {
    return this.addByEntropy(bytes, byteEntropy(bytes))
  }

  /** {@link add} for bytes whose entropy is known. */
  addByEntropy(bytes: Uint8Array, entropy: number): StreamRef {
    return this.#place(bytes, entropy < NOISE_BITS ? SHARED_BYTES : SHARED_STORED)
  }

  /** Keeps text, of which repeated words are expected: always compressed. */
  addText(bytes: Uint8Array): StreamRef {
    return this.#place(bytes, SHARED_TEXT)
  }

  /** Keeps bytes that are known to compress. */
  addSkewed(bytes: Uint8Array): StreamRef {
    return this.#place(bytes, SHARED_BYTES)
  }

  /** Keeps a stream as it is. */
  addStored(bytes: Uint8Array): StreamRef {
    return this.#place(bytes, SHARED_STORED)
  }

  /** All chunks, by number; some lie in the memory that streams were copied to. */
  finish(): Part[] {
    const [text, bytes, stored] = this.#shared.map((_, chunk) => this.#joined(chunk))
    const storedPart = stored.length === 0 ? EMPTY_PART : storePartInPlace(stored)
    return [packPartSync(text), packPartSync(bytes), storedPart, ...this.#own]
  }

  #joined(chunk: number): Uint8Array {
    const joined = this.#memory.bytes(this.#sharedBytes[chunk])
    let at = 0
    for (const stream of this.#shared[chunk]) {
      joined.set(stream, at)
      at += stream.length
    }
    return joined
  }

  #copy(bytes: Uint8Array): Uint8Array {
    const copy = this.#memory.bytes(bytes.length)
    copy.set(bytes)
    return copy
  }

  #place(bytes: Uint8Array, chunk: number): StreamRef {
    if (bytes.length >= OWN_CHUNK_BYTES) {
      this.#own.push(chunk === SHARED_STORED ? storePartInPlace(this.#copy(bytes)) : packPartSync(bytes))
      return { chunk: this.#own.length + SHARED_CHUNKS - 1, offset: 0, length: bytes.length }
    }
    const offset = this.#sharedBytes[chunk]
    this.#shared[chunk].push(this.#copy(bytes))
    this.#sharedBytes[chunk] += bytes.length
    return { chunk, offset, length: bytes.length }
  }
}

const counts = new Uint32Array(256)

/** Entropy of single bytes, in bits: 8 for noise. Short runs look less random than they are. */
export function byteEntropy(bytes: Uint8Array): number {
  counts.fill(0)
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]]++
  return entropyOf(counts, bytes.length)
}

/** `n · log2(n)` of small numbers. */
const WEIGHTED_LOGS = Float64Array.from({ length: 1024 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)))

/** {@link byteEntropy} of `length` bytes, of which each is there so many times. */
export function entropyOf(byteCounts: Uint32Array, length: number): number {
  let sum = 0
  for (let i = 0; i < 256; i++) {
    const n = byteCounts[i]
    sum += n < WEIGHTED_LOGS.length ? WEIGHTED_LOGS[n] : n * Math.log2(n)
  }
  return length === 0 ? 0 : Math.log2(length) - sum / length
}

/** Reads, checks and unpacks chunks when their streams are asked for. */
export class StreamReader {
  readonly #stored: Uint8Array
  readonly #offsets: number[] = []
  readonly #infos: readonly PartInfo[]
  readonly #raw: (Uint8Array | undefined)[]
  readonly #unpacked: (sizeBytes: number) => void
  #isChecked = false

  /**
   * @param stored the chunks, one after another
   * @param unpacked is told how much memory a chunk takes from now on
   */
  constructor(
    stored: Uint8Array,
    infos: readonly PartInfo[],
    unpacked: (sizeBytes: number) => void = () => {},
  ) {
    this.#unpacked = unpacked
    this.#stored = stored
    this.#infos = infos
    this.#raw = new Array<Uint8Array | undefined>(infos.length)
    let offset = 0
    for (const info of infos) {
      this.#offsets.push(offset)
      offset += info.storedBytes
    }
    if (offset !== stored.length) throw new FormatError('the chunks have the wrong length')
  }

  /** @throws FormatError where the chunk is damaged or has no such bytes */
  read({ chunk, offset, length }: StreamRef): Uint8Array {
    const info = this.#infos[chunk]
    if (info === undefined) throw new FormatError('a column names a chunk that is not there')
    let raw = this.#raw[chunk]
    if (raw === undefined) {
      const stored = this.#storedChunk(chunk)
      if (!this.#isChecked) checkPart(stored, info)
      raw = inflatePart(stored, info)
      this.#raw[chunk] = raw
      if (info.storedBytes !== info.rawBytes) this.#unpacked(raw.length)
    }
    if (offset + length > raw.length) throw new FormatError('a column is cut short')
    return raw.subarray(offset, offset + length)
  }

  /**
   * Checks all chunks now, rather than each when it is first read.
   * @throws FormatError where one is damaged
   */
  check(): void {
    this.#infos.forEach((info, chunk) => {
      checkPart(this.#storedChunk(chunk), info)
    })
    this.#isChecked = true
  }

  #storedChunk(chunk: number): Uint8Array {
    const from = this.#offsets[chunk]
    return this.#stored.subarray(from, from + this.#infos[chunk].storedBytes)
  }
}

/** Writes a reference as docs/formats/columns.md has it. */
export function writeRef(to: ByteWriter, ref: StreamRef): void {
  to.varint(ref.chunk)
  to.varint(ref.offset)
  to.varint(ref.length)
}

/** Reads what {@link writeRef} wrote. */
export function readRef(from: ByteReader): StreamRef {
  return { chunk: from.varint(), offset: from.varint(), length: from.varint() }
}

/** Writes bytes as a `text`. */
export function writeBytes(to: ByteWriter, bytes: Uint8Array): void {
  to.varint(bytes.length)
  to.raw(bytes)
}

/** Writes an integer of either sign, magnitude below 2^53. */
export function writeSigned(to: ByteWriter, value: number): void {
  to.byte(value < 0 ? 1 : 0)
  to.varint(Math.abs(value))
}

/** Reads what {@link writeSigned} wrote. */
export function readSigned(from: ByteReader): number {
  const isNegative = from.byte() === 1
  const magnitude = from.varint()
  return isNegative && magnitude !== 0 ? -magnitude : magnitude
}
