/** Parameters of a request, in the order sent; several of one name are kept. */
export type Params = ReadonlyMap<string, readonly string[]>

/** A query string or form that is not one, with Go's text. */
export class BadQueryString extends Error {}

/**
 * Parses a query string or form body as Go's `url.ParseQuery` does.
 * @throws BadQueryString `invalid URL escape "%zz"`, `invalid semicolon separator in query`
 */
export function parseQueryString(
  text: string,
  into: Map<string, string[]> = new Map(),
): Map<string, string[]> {
  for (const part of text.split('&')) {
    if (part === '') continue
    if (part.includes(';')) throw new BadQueryString('invalid semicolon separator in query')
    const equals = part.indexOf('=')
    const name = unescapeQuery(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : unescapeQuery(part.slice(equals + 1))
    const values = into.get(name)
    if (values === undefined) into.set(name, [value])
    else values.push(value)
  }
  return into
}

function unescapeQuery(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(spaced)
  if (bad !== null) throw new BadQueryString(`invalid URL escape ${JSON.stringify(bad[0])}`)
  try {
    return decodeURIComponent(spaced)
  } catch {
    // Escapes that are no UTF-8: the bytes are kept as far as text can.
    const bytes = spaced.replace(/%([0-9a-fA-F]{2})|[^%]+/g, (whole, hex: string | undefined) =>
      hex === undefined
        ? Buffer.from(whole).toString('latin1')
        : String.fromCharCode(Number.parseInt(hex, 16)),
    )
    return Buffer.from(bytes, 'latin1').toString()
  }
}

/** The first value of a parameter, `''` where it is absent. */
export function firstParam(params: Params, name: string): string {
  return params.get(name)?.[0] ?? ''
}
