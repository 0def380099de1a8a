import { writeFully } from './disk.ts'
import type { StoreFile } from './file-system.ts'

/** Bytes gathered before they are written. */
const WRITE_BYTES = 1 << 20
/** Memory of one that had to hold more than this is not kept. */
const MAX_KEPT_BYTES = 4 << 20

/** That of a file that is written, for the next one. */
let spare: Uint8Array | undefined

/**
 * Gathers what is written to a file one after another. It is copied at once: pieces kept until they are
 * written would be old by then, and V8 lets tens of megabytes of what has grown old gather as garbage.
 */
export class WriteBuffer {
  readonly #handle: StoreFile
  #bytes: Uint8Array
  #used = 0
  #written = 0

  constructor(handle: StoreFile) {
    this.#handle = handle
    this.#bytes = spare ?? new Uint8Array(WRITE_BYTES + (WRITE_BYTES >> 1))
    spare = undefined
  }

  /** How long the file is once everything is written. */
  get offset(): number {
    return this.#written + this.#used
  }

  /** Whether it is time to {@link flush}. */
  get isDue(): boolean {
    return this.#used >= WRITE_BYTES
  }

  add(bytes: Uint8Array): void {
    const end = this.#used + bytes.length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, this.#used))
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#used)
    this.#used = end
  }

  /** Writes what was gathered. @throws what the file system throws; then nothing more may be added */
  async flush(): Promise<void> {
    const used = this.#used
    await writeFully(this.#handle, this.#bytes.subarray(0, used), this.#written)
    this.#written += used
    this.#used = 0
  }

  /** Gives the memory back; to be called once, at the end. */
  release(): void {
    if (this.#bytes.length <= MAX_KEPT_BYTES) spare ??= this.#bytes
  }
}
