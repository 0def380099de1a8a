/** Bytes that do not mean what they should: a damaged or foreign file, never a bug. */
export class FormatError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FormatError'
  }
}

/** A file that is whole, of a version of the format that this Logboom does not know. */
export class VersionError extends FormatError {}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Appends varints and texts to a buffer that grows. The pieces are those of `docs/formats`. */
export class ByteWriter {
  #buffer: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(capacityBytes = 256) {
    this.#buffer = new Uint8Array(capacityBytes)
  }

  get length(): number {
    return this.#length
  }

  /** Forgets what was written and keeps the memory. */
  reset(): void {
    this.#length = 0
  }

  /** Unsigned LEB128 of an integer in 0 … 2^53 − 1. */
  varint(value: number): void {
    this.#reserve(8)
    while (value >= 0x80) {
      this.#buffer[this.#length++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#buffer[this.#length++] = value
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** Varint byte length, then UTF-8. */
  text(value: string): void {
    if (value.length < 0x80 && this.#asciiText(value)) return
    const bytes = encoder.encode(value)
    this.varint(bytes.length)
    this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A view of what was written, valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length)
  }

  /**
   * Writes a short text where it is ASCII. Names and values of labels mostly are, and an encoder makes an
   * array for each of them.
   */
  #asciiText(value: string): boolean {
    this.#reserve(value.length + 1)
    const buffer = this.#buffer
    const at = this.#length
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return false
      buffer[at + 1 + i] = code
    }
    buffer[at] = value.length
    this.#length = at + 1 + value.length
    return true
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}

/**
 * Reads what {@link ByteWriter} wrote. Every method throws {@link FormatError} where the bytes end too early.
 */
export class ByteReader {
  readonly bytes: Uint8Array
  offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes
    this.offset = offset
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new FormatError('a varint is longer than 8 bytes')
  }

  byte(): number {
    if (this.offset >= this.bytes.length) throw new FormatError('the bytes end too early')
    return this.bytes[this.offset++]
  }

  text(): string {
    return decoder.decode(this.raw(this.varint()))
  }

  raw(length: number): Uint8Array {
    if (length > this.bytes.length - this.offset) throw new FormatError('the bytes end too early')
    const from = this.offset
    this.offset += length
    return this.bytes.subarray(from, this.offset)
  }

  skip(length: number): void {
    if (length > this.bytes.length - this.offset) throw new FormatError('the bytes end too early')
    this.offset += length
  }

  /** A count of things of at least `minBytes` bytes each that still have to follow. */
  count(minBytes = 1): number {
    const count = this.varint()
    if (count * minBytes > this.bytes.length - this.offset) {
      throw new FormatError(`${count} items announced, more than the bytes can hold`)
    }
    return count
  }
}

/** Writes name and value pairs: labels of a stream, or a metadata set. */
export function writePairs(to: ByteWriter, pairs: readonly (readonly [string, string])[]): void {
  to.varint(pairs.length)
  for (const [name, value] of pairs) {
    to.text(name)
    to.text(value)
  }
}

/** Reads what {@link writePairs} wrote. */
export function readPairs(from: ByteReader): [string, string][] {
  const pairs: [string, string][] = []
  for (let left = from.count(2); left > 0; left--) pairs.push([from.text(), from.text()])
  return pairs
}
