import { parseGoDuration } from './duration.ts'

/**
 * A byte that is not UTF-8, written `\xff` in a query, is carried in a string as U+DC00 + byte, which no
 * valid text contains; {@link literalBytes} turns it back.
 */
const RAW_BYTE_BASE = 0xdc00

/** What a backslash and one letter stand for between double quotes. */
export const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

const NUMERIC_ESCAPE = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/

/**
 * The value of the inside of a double-quoted literal.
 * @throws Error `invalid char escape`, or `invalid syntax` for an octal escape above `\377`.
 */
export function unescapeLiteral(inside: string): string {
  if (!inside.includes('\\')) return inside
  let out = ''
  let rawBytes = false
  for (let i = 0; i < inside.length; i++) {
    const char = inside[i]
    if (char !== '\\') {
      out += char
      continue
    }
    const next = inside[i + 1] ?? ''
    const simple = SIMPLE_ESCAPES[next]
    if (simple !== undefined) {
      out += simple
      i++
      continue
    }
    const match = NUMERIC_ESCAPE.exec(inside.slice(i + 1, i + 10))
    if (match === null) throw new Error('invalid char escape')
    const [whole, hex, short, long, octal] = match
    i += whole.length
    if (short !== undefined || long !== undefined) {
      out += fromCodePoint(Number.parseInt(short ?? long, 16))
      continue
    }
    const byte = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16)
    if (byte > 0xff) throw new Error('invalid syntax')
    rawBytes ||= byte >= 0x80
    out += String.fromCharCode(byte < 0x80 ? byte : RAW_BYTE_BASE + byte)
  }
  return rawBytes ? joinRawBytes(out) : out
}

function fromCodePoint(code: number): string {
  if (code > 0x10ffff) throw new Error('invalid char escape')
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code)
}

/** Raw bytes that together are valid UTF-8 (`\xc3\xa9`) become the characters they spell. */
function joinRawBytes(text: string): string {
  return text.replace(/[\udc80-\udcff]+/g, (run) => {
    const bytes = Uint8Array.from(run, (char) => char.charCodeAt(0) - RAW_BYTE_BASE)
    const decoded = Buffer.from(bytes).toString('utf8')
    return decoded.includes('\ufffd') ? run : decoded
  })
}

/** The bytes of a literal's value: UTF-8, with raw bytes as they were written. */
export function literalBytes(value: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(value)) return Buffer.from(value, 'utf8')
  const parts: Uint8Array[] = []
  for (const char of value) {
    const code = char.codePointAt(0) ?? 0
    const raw = code >= RAW_BYTE_BASE + 0x80 && code <= RAW_BYTE_BASE + 0xff
    parts.push(raw ? Uint8Array.of(code - RAW_BYTE_BASE) : Buffer.from(char, 'utf8'))
  }
  return Buffer.concat(parts)
}

/**
 * Seconds of a Go duration, with Go's rounding: whole seconds and the fraction are added last.
 * @throws Error as `parseGoDuration`
 */
export function goSeconds(text: string): number {
  const totalNs = Math.round(parseGoDuration(text) * 1e6)
  const whole = Math.trunc(totalNs / 1e9)
  return whole + (totalNs - whole * 1e9) / 1e9
}

const BYTE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  p: 1e15,
  pb: 1e15,
  e: 1e18,
  eb: 1e18,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
  pi: 2 ** 50,
  pib: 2 ** 50,
  ei: 2 ** 60,
  eib: 2 ** 60,
}

/**
 * Bytes of a size such as `5KB`, `1.5 GiB`, `5,000` (go-humanize's language).
 * @throws Error with its text: `unhandled size name: x`, `strconv.ParseFloat: parsing "": invalid syntax`.
 */
export function parseByteSize(text: string): number {
  const digits = /^[\d.,]*/.exec(text)?.[0] ?? ''
  const number = digits.replaceAll(',', '')
  if (!/^(?:\d+\.?\d*|\.\d+)$/.test(number)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`)
  }
  const unit = text.slice(digits.length).trim().toLowerCase()
  const factor = BYTE_UNITS[unit]
  if (factor === undefined) throw new Error(`unhandled size name: ${unit}`)
  const bytes = Number(number) * factor
  if (bytes >= 2 ** 64) throw new Error(`too large: ${text}`)
  return Math.trunc(bytes)
}
