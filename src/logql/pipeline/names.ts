/** Label names that mean something to the language itself. */
export const ERROR_LABEL = '__error__'
/** What went wrong, in words. */
export const ERROR_DETAILS_LABEL = '__error_details__'
/** Says that a metric query tolerates the error of its line. */
export const PRESERVE_ERROR_LABEL = '__preserve_error__'

/** What a field's key stands for, below the prefix of the objects around it. */
export interface FieldKey {
  /** Sanitised full name; `''` where the key is blank. */
  readonly name: string
  /** The name's id, or −1 where the query has no use for it. */
  readonly id: number
  /** Keys inside an object under this key. Made when first asked for. */
  nested: FieldKeys | undefined
}

/** Gives label names small numbers, so that a line's labels live in arrays. One table per query. */
export class NameTable {
  readonly names: string[] = []
  readonly #ids = new Map<string, number>()
  readonly #extracted: number[] = []

  /** The name's id; a new one where it has none. */
  intern(name: string): number {
    let id = this.#ids.get(name)
    if (id === undefined) {
      id = this.names.length
      this.names.push(name)
      this.#ids.set(name, id)
    }
    return id
  }

  /** The id of `<name>_extracted`. */
  extractedOf(id: number): number {
    const known = this.#extracted[id]
    if (known !== undefined) return known
    const extracted = this.intern(`${this.names[id]}_extracted`)
    this.#extracted[id] = extracted
    return extracted
  }
}

/** Most keys that one {@link FieldKeys} remembers; beyond it, keys are worked out each time. */
const MAX_KEYS = 16_384

interface KnownKey {
  readonly hash: number
  /** The key that came after this one last time: lines of one stream mostly have the same keys in a row. */
  next: KnownKey | undefined
  readonly bytes: Uint8Array
  readonly key: FieldKey
}

/** Finds the {@link FieldKey} of a key by its bytes, without making a string. */
export class FieldKeys {
  readonly #prefix: string
  readonly #resolve: (name: string) => number
  #slots: (KnownKey | undefined)[] = new Array<KnownKey | undefined>(64).fill(undefined)
  #count = 0
  #last: KnownKey | undefined

  /**
   * @param prefix name of the enclosing object, `''` at the top
   * @param resolve the id for a sanitised name, −1 for names nobody wants
   */
  constructor(prefix: string, resolve: (name: string) => number) {
    this.#prefix = prefix
    this.#resolve = resolve
  }

  /** The key whose text is `bytes[from, to)`. */
  find(bytes: Buffer, from: number, to: number): FieldKey {
    const guess = this.#last?.next
    if (guess !== undefined && sameBytes(guess.bytes, bytes, from, to)) {
      this.#last = guess
      return guess.key
    }
    let hash = 0x811c9dc5
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 16)) & mask
    for (;;) {
      const known = this.#slots[slot]
      if (known === undefined) break
      if (known.hash === hash && sameBytes(known.bytes, bytes, from, to)) {
        this.#follow(known)
        return known.key
      }
      slot = (slot + 1) & mask
    }
    const key = this.make(bytes.toString('utf8', from, to))
    if (this.#count < MAX_KEYS) {
      const known = { hash, next: undefined, bytes: Uint8Array.from(bytes.subarray(from, to)), key }
      this.#add(known, slot)
      this.#follow(known)
    }
    return key
  }

  #follow(known: KnownKey): void {
    if (this.#last !== undefined) this.#last.next = known
    this.#last = known
  }

  /** The key for a text that is not in the buffer as it stands (it had escapes). */
  make(text: string): FieldKey {
    const segment = sanitizeName(text, this.#prefix === '')
    const name = segment === '' || this.#prefix === '' ? this.#prefix + segment : `${this.#prefix}_${segment}`
    return { name, id: segment === '' && this.#prefix === '' ? -1 : this.#resolve(name), nested: undefined }
  }

  /** The keys inside an object whose key is `key`. */
  inside(key: FieldKey): FieldKeys {
    key.nested ??= new FieldKeys(key.name, this.#resolve)
    return key.nested
  }

  #add(known: KnownKey, slot: number): void {
    this.#slots[slot] = known
    if (++this.#count * 2 <= this.#slots.length) return
    const old = this.#slots
    const mask = old.length * 2 - 1
    this.#slots = new Array<KnownKey | undefined>(mask + 1).fill(undefined)
    for (const entry of old) {
      if (entry === undefined) continue
      let at = (entry.hash ^ (entry.hash >>> 16)) & mask
      while (this.#slots[at] !== undefined) at = (at + 1) & mask
      this.#slots[at] = entry
    }
  }
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[from + i]) return false
  return true
}

/**
 * A field's name as a label name: trimmed, `_` before a leading digit where it begins the name, `_` for every
 * other character that a label name cannot have.
 */
export function sanitizeName(text: string, beginsName = true): string {
  const trimmed = text.trim()
  if (/^[A-Za-z_]\w*$/.test(trimmed)) return trimmed
  const clean = trimmed.replace(/[^A-Za-z0-9_]/gu, '_')
  return beginsName && /^\d/.test(clean) ? `_${clean}` : clean
}
