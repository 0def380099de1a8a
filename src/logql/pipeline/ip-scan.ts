import { type IpRange, parseAddress } from './ip-range.ts'

/**
 * Whether an address inside the range stands somewhere in the text. Follows Loki's scan, oddities included.
 */
export function scanForAddress(text: string, range: IpRange): boolean {
  let at = 0
  while (at < text.length) {
    const end = isV4Start(text, at)
      ? runEnd(text, at, /[^0-9.]/g)
      : isV6Start(text, at)
        ? runEnd(text, at, /[^0-9a-fA-F:.]/g)
        : at
    if (end === at) {
      at++
      continue
    }
    const address = parseAddress(text.slice(at, end))
    const inside =
      address !== undefined &&
      address.family === range.family &&
      address.value >= range.from &&
      address.value <= range.to
    if (inside) return true
    at = end + 1
  }
  return false
}

/** A digit with a dot among the next three characters, all of which exist. */
function isV4Start(text: string, at: number): boolean {
  if (!isDigit(text.charCodeAt(at)) || at + 3 >= text.length) return false
  return text[at + 1] === '.' || text[at + 2] === '.' || text[at + 3] === '.'
}

/** `::` and a hex digit, or one to four hex digits and a colon. */
function isV6Start(text: string, at: number): boolean {
  if (text[at] === ':') return text[at + 1] === ':' && isHex(text.charCodeAt(at + 2))
  for (let i = at; i <= at + 4; i++) {
    if (text[i] === ':') return i > at
    if (!isHex(text.charCodeAt(i))) return false
  }
  return false
}

function runEnd(text: string, at: number, stop: RegExp): number {
  stop.lastIndex = at
  return stop.exec(text)?.index ?? text.length
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
}
