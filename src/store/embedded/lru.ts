interface Entry<Value> {
  readonly value: Value
  sizeBytes: number
}

/** Keeps what was used last, up to a number of bytes. */
export class Lru<Value> {
  readonly #entries = new Map<number, Entry<Value>>()
  readonly #maxBytes: number
  #sizeBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Whether so many bytes fit without anything else having to go. */
  hasRoom(sizeBytes: number): boolean {
    return this.#sizeBytes + sizeBytes <= this.#maxBytes
  }

  get(key: number): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** The key that was used longest ago; undefined where nothing is kept. */
  get oldest(): number | undefined {
    return this.#entries.keys().next().value
  }

  /** What is larger than the whole cache is not kept. */
  set(key: number, value: Value, sizeBytes: number): void {
    this.delete(key)
    if (sizeBytes > this.#maxBytes) return
    this.#entries.set(key, { value, sizeBytes })
    this.#sizeBytes += sizeBytes
    this.#shrink()
  }

  /** A value that is kept takes so many bytes more than it did; nothing happens where it is not kept. */
  grow(key: number, value: Value, moreBytes: number): void {
    const entry = this.#entries.get(key)
    if (entry?.value !== value) return
    entry.sizeBytes += moreBytes
    this.#sizeBytes += moreBytes
    this.#shrink()
  }

  delete(key: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#sizeBytes -= entry.sizeBytes
  }

  clear(): void {
    this.#entries.clear()
    this.#sizeBytes = 0
  }

  #shrink(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= this.#maxBytes) return
      this.delete(oldest)
    }
  }
}
