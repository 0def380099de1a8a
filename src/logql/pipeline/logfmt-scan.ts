/** A pair found by {@link LogfmtScanner}. */
export interface LogfmtPair {
  keyFrom: number
  keyTo: number
  valueFrom: number
  valueTo: number
  /** Whether the value was quoted and holds an escape. */
  escaped: boolean
}

const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Walks the pairs of a logfmt line: `key=value`, `key="quoted"`, `key=`, `key`, parted by bytes up to the
 * space. A pair that is malformed ends with {@link error} set; {@link skipBad} goes on behind it.
 */
export class LogfmtScanner {
  readonly pair: LogfmtPair = { keyFrom: 0, keyTo: 0, valueFrom: 0, valueTo: 0, escaped: false }
  /** `logfmt syntax error at pos N : …` of the pair that could not be read. */
  error: string | undefined
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #at = 0
  #end = 0

  /** Starts on `bytes[from, to)`. */
  reset(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes
    this.#start = from
    this.#at = from
    this.#end = to
    this.error = undefined
  }

  /** Reads the next pair. False at the end, and where one is malformed. */
  next(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.#at
    while (at < end && bytes[at] <= 0x20) at++
    this.#at = at
    if (at === end) return false
    const { pair } = this
    pair.keyFrom = at
    while (at < end && bytes[at] > 0x20 && bytes[at] !== EQUALS && bytes[at] !== QUOTE) at++
    pair.keyTo = at
    pair.valueFrom = at
    pair.valueTo = at
    pair.escaped = false
    if (at < end && bytes[at] === QUOTE) return this.#fail(at, `unexpected '"'`)
    if (at === pair.keyFrom) return this.#fail(at, "unexpected '='")
    if (at === end || bytes[at] !== EQUALS) {
      this.#at = at
      return true
    }
    at++
    if (at < end && bytes[at] === QUOTE) return this.#quoted(at)
    pair.valueFrom = at
    while (at < end && bytes[at] > 0x20) {
      if (bytes[at] === EQUALS) return this.#fail(at, "unexpected '='")
      if (bytes[at] === QUOTE) return this.#fail(at, `unexpected '"'`)
      at++
    }
    pair.valueTo = at
    this.#at = at
    return true
  }

  /** Goes on behind the malformed pair, at the next space. */
  skipBad(): void {
    let at = this.#at
    while (at < this.#end && this.#bytes[at] > 0x20) at++
    this.#at = at
    this.error = undefined
  }

  #quoted(open: number): boolean {
    const { pair } = this
    let at = open + 1
    pair.valueFrom = at
    for (; at < this.#end; at++) {
      const byte = this.#bytes[at]
      if (byte === QUOTE) {
        pair.valueTo = at
        this.#at = at + 1
        return true
      }
      if (byte === BACKSLASH) {
        pair.escaped = true
        at++
      }
    }
    return this.#fail(this.#end, 'unterminated quoted value')
  }

  #fail(at: number, message: string): false {
    this.#at = at
    this.error = `logfmt syntax error at pos ${at - this.#start + 1} : ${message}`
    return false
  }
}

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  "'": "'",
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * The value of the inside of a quoted value; `undefined` where an escape is none. Lone surrogates become
 * U+FFFD.
 */
export function unescapeLogfmt(inside: string): string | undefined {
  let bad = false
  const text = inside.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.?))/gs,
    (_, hex: string | undefined, char: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      const simple = ESCAPES[char]
      if (simple === undefined) bad = true
      return simple ?? ''
    },
  )
  return bad ? undefined : text.toWellFormed()
}
