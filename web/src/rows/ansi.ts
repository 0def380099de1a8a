/** How a run of text looks. Colours 0–15 follow the theme; others are fixed `rgb()` values. */
export interface AnsiStyle {
  readonly fg: number | string | null
  readonly bg: number | string | null
  readonly bold: boolean
  readonly dim: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly inverse: boolean
  readonly strike: boolean
}

/** A run of text in one style; `style` is null for plain text. */
export interface AnsiSpan {
  readonly text: string
  readonly style: AnsiStyle | null
}

const PLAIN: AnsiStyle = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
}

// CSI sequences, OSC/DCS/APC/PM strings up to BEL or ST, and two-character escapes (ECMA-48).
const SEQUENCE = new RegExp(
  [/(?:\x1b\[|\x9b)([0-?]*)([ -/]*)([@-~])/, /\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\|$)/, /\x1b[ -/]*[0-~]/]
    .map((part) => part.source)
    .join('|'),
  'g',
)

/** Whether a text holds escape sequences at all. */
export function hasAnsi(text: string): boolean {
  return text.includes('\x1b') || text.includes('\x9b')
}

/**
 * Splits text at its escape sequences. Only colours and text attributes (SGR) have an effect; cursor
 * movement, titles, links and everything else disappear, so that a log line cannot draw outside its row.
 */
export function parseAnsi(text: string): AnsiSpan[] {
  if (!hasAnsi(text)) return text === '' ? [] : [{ text, style: null }]
  const spans: AnsiSpan[] = []
  let style = PLAIN
  let from = 0
  const push = (to: number) => {
    if (to > from) spans.push({ text: text.slice(from, to), style: style === PLAIN ? null : style })
  }
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index)
    from = match.index + match[0].length
    if (match[3] === 'm' && match[2] === '') style = applySgr(style, match[1] ?? '')
  }
  push(text.length)
  return spans
}

/** The text without its escape sequences. */
export function stripAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(SEQUENCE, '') : text
}

function applySgr(style: AnsiStyle, params: string): AnsiStyle {
  const codes = params.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)))
  let next = style
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 38 || code === 48) {
      const [color, used] = extendedColor(codes.slice(i + 1))
      next = { ...next, [code === 38 ? 'fg' : 'bg']: color }
      i += used
    } else next = applyCode(next, code)
  }
  return next
}

function applyCode(style: AnsiStyle, code: number): AnsiStyle {
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 }
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 }
  if (code >= 90 && code <= 97) return { ...style, fg: code - 82 }
  if (code >= 100 && code <= 107) return { ...style, bg: code - 92 }
  return ATTRIBUTES[code] === undefined ? style : code === 0 ? PLAIN : { ...style, ...ATTRIBUTES[code] }
}

const ATTRIBUTES: Record<number, Partial<AnsiStyle>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { fg: null },
  49: { bg: null },
}

/** The colour after 38 or 48 (`5;n` or `2;r;g;b`), and how many codes it took. */
function extendedColor(codes: readonly number[]): [number | string | null, number] {
  if (codes[0] === 5) return [indexedColor(codes[1] ?? 0), 2]
  if (codes[0] !== 2) return [null, 1]
  const [r, g, b] = codes.slice(1, 4).map((n) => Math.min(255, n || 0))
  return [`rgb(${r ?? 0} ${g ?? 0} ${b ?? 0})`, 4]
}

/** xterm's 256 colours: 16 of the theme, a 6×6×6 cube, 24 greys. */
function indexedColor(index: number): number | string | null {
  if (!(index >= 0 && index <= 255)) return null
  if (index < 16) return index
  if (index >= 232) {
    const grey = (index - 232) * 10 + 8
    return `rgb(${grey} ${grey} ${grey})`
  }
  const cube = [0, 95, 135, 175, 215, 255]
  const n = index - 16
  const [r, g, b] = [Math.floor(n / 36), Math.floor(n / 6) % 6, n % 6].map((part) => cube[part])
  return `rgb(${r} ${g} ${b})`
}
