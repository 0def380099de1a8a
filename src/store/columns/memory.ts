/**
 * Where arrays for the time of one encoding or decoding come from. Their contents are whatever was there,
 * unless said.
 */
export interface Memory {
  bytes(length: number): Uint8Array
  /** Zeros. */
  uint32(length: number): Uint32Array
  /** Zeros. */
  float64(length: number): Float64Array
}

/** Arrays of their own, for what is kept. */
export const ownMemory: Memory = {
  bytes: (length) => new Uint8Array(length),
  uint32: (length) => new Uint32Array(length),
  float64: (length) => new Float64Array(length),
}

const MIN_BYTES = 1 << 20
/** What one unusual block needed more than this is not kept for the next ones. */
const MAX_KEPT_BYTES = 1 << 24

/**
 * Memory that is used again and again: most of what fresh arrays cost is their first touch, which is a page
 * fault every four kilobytes.
 */
export class ReusedMemory implements Memory {
  #buffer = new ArrayBuffer(MIN_BYTES)
  #used = 0
  /** Bytes asked for since the last reset, whether they fitted or not. */
  #wanted = 0

  /** Takes back everything that was handed out. */
  reset(): void {
    if (this.#wanted > this.#buffer.byteLength && this.#buffer.byteLength < MAX_KEPT_BYTES) {
      this.#buffer = new ArrayBuffer(Math.min(MAX_KEPT_BYTES, this.#wanted * 2))
    }
    this.#used = 0
    this.#wanted = 0
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return at === -1 ? new Uint8Array(length) : new Uint8Array(this.#buffer, at, length)
  }

  uint32(length: number): Uint32Array {
    const at = this.#take(length * 4)
    return at === -1 ? new Uint32Array(length) : new Uint32Array(this.#buffer, at, length).fill(0)
  }

  float64(length: number): Float64Array {
    const at = this.#take(length * 8)
    return at === -1 ? new Float64Array(length) : new Float64Array(this.#buffer, at, length).fill(0)
  }

  /** Offset of so many bytes at a multiple of eight, or −1 where they do not fit. */
  #take(sizeBytes: number): number {
    const rounded = (sizeBytes + 7) & ~7
    this.#wanted += rounded
    if (this.#used + rounded > this.#buffer.byteLength) return -1
    const at = this.#used
    this.#used += rounded
    return at
  }
}
