/** One `key=value` of a logfmt line. */
export interface LogfmtPair {
  readonly key: string
  readonly value: string
}

const PAIR = /([^\s="]+)(?:=(?:"((?:\\.|[^"\\])*)"|([^\s"]*)))?(?:\s+|$)/y

/**
 * The pairs of a logfmt line, or null where the line is not clearly logfmt: it must consist of at least
 * two pairs, and of nothing but pairs and bare words, with pairs in the majority. Prose that holds an
 * `a=b` is prose.
 */
export function parseLogfmt(line: string): LogfmtPair[] | null {
  if (!/^\s*[A-Za-z_@][\w.@/-]*=/.test(line)) return null
  const pairs: LogfmtPair[] = []
  let bareWords = 0
  PAIR.lastIndex = line.length - line.trimStart().length
  while (PAIR.lastIndex < line.length) {
    const match = PAIR.exec(line)
    if (match === null) return null
    const [text, key = '', quoted, plain] = match
    if (quoted === undefined && plain === undefined) bareWords++
    else pairs.push({ key, value: quoted === undefined ? (plain ?? '') : unescapeQuoted(quoted) })
    if (text.length === 0) return null
  }
  return pairs.length >= 2 && pairs.length > bareWords ? pairs : null
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

function unescapeQuoted(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_all, code: string) =>
    code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  )
}
