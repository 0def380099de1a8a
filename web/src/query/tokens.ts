/** One token of LogQL text. White space and comments carry no token. */
export interface Token {
  readonly kind: 'word' | 'string' | 'op'
  readonly text: string
  /** Offsets into the query. */
  readonly from: number
  readonly to: number
  /** Strings: false where the closing quote is missing. */
  readonly closed: boolean
}

const TOKEN = new RegExp(
  [
    /(?<skip>[ \t\r\n]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))/u,
    /(?<raw>`[^`]*`?)/u,
    /(?<quoted>"(?:\\[\s\S]|[^"\\\n])*"?)/u,
    /(?<word>[\p{L}_0-9.][\p{L}\p{N}_.µ]*)/u,
    /(?<op>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[\s\S])/u,
  ]
    .map((part) => part.source)
    .join('|'),
  'gu',
)

/**
 * Splits LogQL text into tokens. Any text is accepted: what is no word or string is an operator of one
 * character.
 */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = []
  for (const match of query.matchAll(TOKEN)) {
    const groups = match.groups ?? {}
    if (groups.skip !== undefined) continue
    const text = match[0]
    const isString = groups.raw !== undefined || groups.quoted !== undefined
    const kind = isString ? 'string' : groups.word !== undefined ? 'word' : 'op'
    const closed = !isString || (text.length > 1 && text.at(-1) === text[0] && !endsEscaped(text))
    tokens.push({ kind, text, from: match.index, to: match.index + text.length, closed })
  }
  return tokens
}

/** `"a\"` ends in a quote that is part of the text. */
function endsEscaped(text: string): boolean {
  if (text[0] === '`') return false
  let slashes = 0
  for (let i = text.length - 2; i > 0 && text[i] === '\\'; i--) slashes++
  return slashes % 2 === 1
}

/** The query without comments, so that text may follow it on the same line. */
export function withoutComments(query: string): string {
  return query
    .replace(TOKEN, (text, ...rest) => {
      const groups = rest.at(-1) as Record<string, string | undefined>
      return groups.skip !== undefined && /^[#/]/.test(text) ? ' ' : text
    })
    .trim()
}
