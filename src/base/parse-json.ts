/** A string token, and the colon that makes it a key. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/gs

/**
 * `JSON.parse` with the right keys. V8 expects of an object the keys that the one before had, and where a key
 * is written with escapes it compares with that before undoing them: after `{"\\":1}` it takes the key of
 * `{"\"":1}` for `\` (Node 26.10). Keys with escapes are kept from it here.
 * @throws SyntaxError as `JSON.parse`
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return hasEscapedKey(text) ? parseEscapedKeys(text) : value
}

/** Whether a key of valid JSON is written with an escape. Looks at the strings that have escapes alone. */
function hasEscapedKey(text: string): boolean {
  let at = text.indexOf('\\')
  while (at !== -1) {
    for (; text[at] !== '"'; at++) if (text[at] === '\\') at++
    do at++
    while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r')
    if (text[at] === ':') return true
    at = text.indexOf('\\', at)
  }
  return false
}

/** Parses with a plain stand-in for each key that has escapes, and puts the keys in afterwards. */
function parseEscapedKeys(text: string): unknown {
  let code = 0xe000
  while (text.includes(String.fromCharCode(code))) code++
  const mark = String.fromCharCode(code)
  const keys: string[] = []
  const marked = text.replace(STRING, (token: string, colon: string | undefined) => {
    if (colon === undefined || !token.includes('\\')) return token
    keys.push(JSON.parse(token.slice(0, -colon.length)))
    return `"${mark}${keys.length - 1}"${colon}`
  })
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename)
    if (typeof value !== 'object' || value === null) return value
    const renamed = Object.entries(value).map(([key, member]) => [
      key.startsWith(mark) ? keys[Number(key.slice(1))] : key,
      rename(member),
    ])
    return Object.fromEntries(renamed)
  }
  return rename(JSON.parse(marked))
}
