/** What a token of a template is. */
export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'number'
  | 'char'
  | 'string'
  | 'rawString'
  | 'pipe'
  | 'assign'
  | 'declare'
  | 'leftParen'
  | 'rightParen'
  | 'punctuation'
  | 'eof'
  | 'error'

/** A token: `text` as written, or the message of an error. */
export interface TemplateToken {
  readonly kind: TokenKind
  readonly text: string
  readonly pos: number
  readonly line: number
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

const SPACE = /[ \t\r\n]/

/** Splits a template into tokens, as Go's text/template does. An error ends the list. */
export function lexTemplate(input: string): TemplateToken[] {
  const tokens: TemplateToken[] = []
  let pos = 0
  let line = 1
  const push = (kind: TokenKind, end: number, text = input.slice(pos, end)): void => {
    tokens.push({ kind, text, pos, line })
    for (let i = pos; i < end; i++) if (input.charCodeAt(i) === 0x0a) line++
    pos = end
  }
  const skip = (end: number): void => {
    for (let i = pos; i < end; i++) if (input.charCodeAt(i) === 0x0a) line++
    pos = end
  }
  const fail = (message: string): TemplateToken[] => {
    tokens.push({ kind: 'error', text: message, pos, line })
    return tokens
  }
  let trimNext = false
  for (;;) {
    if (trimNext) {
      while (pos < input.length && SPACE.test(input[pos])) skip(pos + 1)
      trimNext = false
    }
    const open = input.indexOf('{{', pos)
    const textEnd = open === -1 ? input.length : open
    const trims = open !== -1 && /^\{\{-[ \t\r\n]/.test(input.slice(open, open + 4))
    const kept = trims ? input.slice(pos, textEnd).replace(/[ \t\r\n]+$/, '') : input.slice(pos, textEnd)
    if (kept !== '') push('text', textEnd, kept)
    else skip(textEnd)
    if (open === -1) {
      push('eof', pos, '')
      return tokens
    }
    const inside = open + 2 + (trims ? 2 : 0)
    if (input.startsWith('/*', inside)) {
      const end = input.indexOf('*/', inside)
      if (end === -1) return fail('unclosed comment')
      const close = /^(?:[ \t\r\n]-)?\}\}/.exec(input.slice(end + 2, end + 6))?.[0]
      if (close === undefined) return fail('comment ends before closing delimiter')
      trimNext = close.length > 2
      skip(end + 2 + close.length)
      continue
    }
    push('left', inside)
    const problem = lexAction(input, () => pos, push)
    if (problem !== undefined) return fail(problem)
    trimNext = /[ \t\r\n]-\}\}$/.test(input.slice(Math.max(0, pos - 4), pos))
  }
}

/** The tokens up to and with the closing delimiter. Returns the message where something is wrong. */
function lexAction(
  input: string,
  position: () => number,
  push: (kind: TokenKind, end: number) => void,
): string | undefined {
  let parens = 0
  for (;;) {
    const pos = position()
    const close = /^(?:[ \t\r\n]-)?\}\}/.exec(input.slice(pos, pos + 4))?.[0]
    if (close !== undefined) {
      if (parens > 0) return 'unclosed left paren'
      push('right', pos + close.length)
      return undefined
    }
    if (pos >= input.length) return 'unclosed action'
    const found = nextToken(input, pos)
    if (typeof found === 'string') return found
    const [kind, end] = found
    if (kind === 'leftParen') parens++
    if (kind === 'rightParen' && --parens < 0) return 'unexpected right paren'
    push(kind, end)
  }
}

const NUMBER = new RegExp(
  '[+-]?(?:0[xX][\\da-fA-F_.]*(?:[pP][+-]?\\d+)?|0[bBoO][\\d_]+' +
    '|(?:\\d[\\d_]*\\.?[\\d_]*|\\.\\d[\\d_]*)(?:[eE][+-]?\\d+)?)',
  'y',
)

const TOKEN_FORMS: readonly (readonly [RegExp, TokenKind])[] = [
  [/[ \t\r\n]+?(?=[ \t\r\n]-\}\}|[^ \t\r\n]|$)/y, 'space'],
  [/:=/y, 'declare'],
  [/=/y, 'assign'],
  [/\|/y, 'pipe'],
  [/"(?:[^"\\\n]|\\.)*"/y, 'string'],
  [/`[^`]*`/y, 'rawString'],
  [/'(?:[^'\\\n]|\\.)*'/y, 'char'],
  [/\$[\p{L}_\p{Nd}]*/uy, 'variable'],
  [/\.[\p{L}_][\p{L}_\p{Nd}]*/uy, 'field'],
  [NUMBER, 'number'],
  [/\./y, 'dot'],
  [/\(/y, 'leftParen'],
  [/\)/y, 'rightParen'],
  [/[\p{L}_][\p{L}_\p{Nd}]*/uy, 'identifier'],
  [/,/y, 'punctuation'],
]

function nextToken(input: string, pos: number): [TokenKind, number] | string {
  for (const [form, kind] of TOKEN_FORMS) {
    form.lastIndex = pos
    const text = form.exec(input)?.[0]
    if (text === undefined) continue
    if (kind === 'number' && /[\p{L}_\p{Nd}]/u.test(input[pos + text.length] ?? '')) {
      return `bad number syntax: ${JSON.stringify(input.slice(pos, pos + text.length + 1))}`
    }
    return [kind === 'identifier' ? wordKind(text) : kind, pos + text.length]
  }
  const char = String.fromCodePoint(input.codePointAt(pos) ?? 0)
  if (char === '"') return 'unterminated quoted string'
  if (char === '`') return 'unterminated raw quoted string'
  if (char === "'") return 'unterminated character constant'
  if (char === ':') return 'expected :='
  if (/[!-/:-@[-`{-~]/.test(char)) return ['punctuation', pos + 1]
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `unrecognized character in action: U+${code} '${char}'`
}

function wordKind(word: string): TokenKind {
  if (KEYWORDS.has(word)) return 'keyword'
  if (word === 'true' || word === 'false') return 'bool'
  return word === 'nil' ? 'nil' : 'identifier'
}
