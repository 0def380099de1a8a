import type { Counters } from './segment-format.ts'

/**
 * The minute of a row: minutes hold times in (60,000·minute, 60,000·(minute + 1)], as the windows of LogQL
 * do.
 */
export function minuteOf(tsMs: number, tsNs: number): number {
  const minute = Math.floor(tsMs / 60_000)
  return tsNs === 0 && minute * 60_000 === tsMs ? minute - 1 : minute
}

/**
 * Lines and bytes per minute, stream and detected level of the rows in memory: an open-addressing hash table
 * over growing columns, because a busy head has many thousands of cells and each run of rows touches one or
 * two.
 */
export class CounterTable {
  #slots = new Int32Array(1024).fill(-1)
  #size = 0
  #minute = new Float64Array(512)
  #stream = new Uint32Array(512)
  #level = new Uint32Array(512)
  #lines = new Uint32Array(512)
  #bytes = new Float64Array(512)
  #metadataBytes = new Float64Array(512)

  get size(): number {
    return this.#size
  }

  /** Bytes this table takes. */
  get sizeBytes(): number {
    return this.#slots.length * 4 + this.#minute.length * 36
  }

  /** `bytes` are of lines, `metadataBytes` of the values of their metadata. */
  add(
    minute: number,
    stream: number,
    level: number,
    lines: number,
    bytes: number,
    metadataBytes: number,
  ): void {
    const cell = this.#cell(minute, stream, level)
    this.#lines[cell] += lines
    this.#bytes[cell] += bytes
    this.#metadataBytes[cell] += metadataBytes
  }

  /** The cells, in the order in which they were first met; valid until the next `add`. */
  columns(): Omit<Counters, 'levels'> {
    return {
      minute: this.#minute.subarray(0, this.#size),
      bytes: this.#bytes.subarray(0, this.#size),
      metadataBytes: this.#metadataBytes.subarray(0, this.#size),
      lines: this.#lines.subarray(0, this.#size),
      stream: this.#stream.subarray(0, this.#size),
      level: this.#level.subarray(0, this.#size),
    }
  }

  forEach(
    visit: (
      minute: number,
      stream: number,
      level: number,
      lines: number,
      bytes: number,
      metadataBytes: number,
    ) => void,
  ): void {
    for (let i = 0; i < this.#size; i++) {
      const [minute, stream, level] = [this.#minute[i], this.#stream[i], this.#level[i]]
      visit(minute, stream, level, this.#lines[i], this.#bytes[i], this.#metadataBytes[i])
    }
  }

  #cell(minute: number, stream: number, level: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(minute, stream, level) & mask
    for (let cell = this.#slots[slot]; cell >= 0; cell = this.#slots[slot]) {
      if (this.#minute[cell] === minute && this.#stream[cell] === stream && this.#level[cell] === level) {
        return cell
      }
      slot = (slot + 1) & mask
    }
    if (this.#size === this.#minute.length) {
      this.#grow()
      return this.#cell(minute, stream, level)
    }
    const cell = this.#size++
    this.#slots[slot] = cell
    this.#minute[cell] = minute
    this.#stream[cell] = stream
    this.#level[cell] = level
    return cell
  }

  /** Twice as many cells; slots are always twice the cells, so that half of them stay free. */
  #grow(): void {
    const cells = this.#size * 2
    this.#minute = grown(this.#minute, new Float64Array(cells))
    this.#stream = grown(this.#stream, new Uint32Array(cells))
    this.#level = grown(this.#level, new Uint32Array(cells))
    this.#lines = grown(this.#lines, new Uint32Array(cells))
    this.#bytes = grown(this.#bytes, new Float64Array(cells))
    this.#metadataBytes = grown(this.#metadataBytes, new Float64Array(cells))
    this.#slots = new Int32Array(cells * 2).fill(-1)
    const mask = this.#slots.length - 1
    for (let cell = 0; cell < this.#size; cell++) {
      let slot = hash(this.#minute[cell], this.#stream[cell], this.#level[cell]) & mask
      while (this.#slots[slot] >= 0) slot = (slot + 1) & mask
      this.#slots[slot] = cell
    }
  }
}

function grown<T extends Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

function hash(minute: number, stream: number, level: number): number {
  let h = Math.imul(minute | 0, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca6b) ^ Math.imul(level, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return h ^ (h >>> 13)
}
