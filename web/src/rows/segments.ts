/** A piece of log text with what it means for display. */
export interface Segment {
  readonly kind: 'text' | 'mark' | 'link' | 'control'
  /** What to show. */
  readonly text: string
  /** Links: the address. Controls: the name of the character. */
  readonly detail: string
}

const LINK = /https?:\/\/[^\s"'<>`{}|\\^\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/
const CONTROL =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/

/**
 * Cuts log text into plain text, marked search words, links and control characters. Characters that would
 * change how the page around them reads (controls, bidirectional overrides, zero-width) come out as
 * visible names.
 */
export function segmentText(text: string, needles: readonly string[]): Segment[] {
  const words = needles
    .filter((word) => word !== '')
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  const parts = [`(?<control>${CONTROL.source})`, `(?<link>${LINK.source})`]
  if (words.length > 0) parts.unshift(`(?<mark>${words.join('|')})`)
  const segments: Segment[] = []
  let from = 0
  for (const match of text.matchAll(new RegExp(parts.join('|'), 'gu'))) {
    if (match.index > from) segments.push({ kind: 'text', text: text.slice(from, match.index), detail: '' })
    const found = toSegment(match)
    segments.push(found)
    from = match.index + (found.kind === 'link' ? found.text.length : match[0].length)
    if (from < match.index + match[0].length) {
      segments.push({ kind: 'text', text: text.slice(from, match.index + match[0].length), detail: '' })
      from = match.index + match[0].length
    }
  }
  if (from < text.length) segments.push({ kind: 'text', text: text.slice(from), detail: '' })
  return segments
}

function toSegment(match: RegExpExecArray): Segment {
  const groups = match.groups ?? {}
  if (groups.mark !== undefined) return { kind: 'mark', text: match[0], detail: '' }
  if (groups.link !== undefined) {
    // Punctuation that ends a sentence is not part of the address.
    const address = match[0].replace(/[.,;:!?)\]]+$/, '')
    return { kind: 'link', text: address, detail: address }
  }
  const code = match[0].codePointAt(0) ?? 0
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return { kind: 'control', text: controlName(code, hex), detail: hex }
}

const C0 = [
  ...['NUL', 'SOH', 'STX', 'ETX', 'EOT', 'ENQ', 'ACK', 'BEL', 'BS', 'HT', 'LF', 'VT', 'FF', 'CR', 'SO', 'SI'],
  ...[
    'DLE',
    'DC1',
    'DC2',
    'DC3',
    'DC4',
    'NAK',
    'SYN',
    'ETB',
    'CAN',
    'EM',
    'SUB',
    'ESC',
    'FS',
    'GS',
    'RS',
    'US',
  ],
]

const NAMES = new Map([
  [0x7f, 'DEL'],
  [0x200b, 'ZWSP'],
  [0x200c, 'ZWNJ'],
  [0x200d, 'ZWJ'],
  [0x200e, 'LRM'],
  [0x200f, 'RLM'],
  [0x202a, 'LRE'],
  [0x202b, 'RLE'],
  [0x202c, 'PDF'],
  [0x202d, 'LRO'],
  [0x202e, 'RLO'],
  [0x2066, 'LRI'],
  [0x2067, 'RLI'],
  [0x2068, 'FSI'],
  [0x2069, 'PDI'],
  [0xfeff, 'BOM'],
])

function controlName(code: number, hex: string): string {
  return C0[code] ?? NAMES.get(code) ?? hex
}
