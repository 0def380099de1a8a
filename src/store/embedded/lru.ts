/** Keeps what was used last, up to a number of bytes. */
export class Lru<Value> {
  readonly #entries = new Map<number, { readonly value: Value; readonly sizeBytes: number }>()
  readonly #maxBytes: number
  #sizeBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get(key: number): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** What is larger than the whole cache is not kept. */
  set(key: number, value: Value, sizeBytes: number): void {
    this.delete(key)
    if (sizeBytes > this.#maxBytes) return
    this.#entries.set(key, { value, sizeBytes })
    this.#sizeBytes += sizeBytes
    for (const oldest of this.#entries.keys()) {
      if (this.#sizeBytes <= this.#maxBytes) return
      this.delete(oldest)
    }
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
}
