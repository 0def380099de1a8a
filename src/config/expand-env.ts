/** The environment variables that `${…}` may name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Loki's `-config.expand-env`: substitutes `${VAR}` and its forms in the whole text, comments included.
 * `$VAR` stays, `$$` is a dollar sign.
 * @throws Error `unable to parse variable name` or `missing closing brace`
 */
export function expandEnv(text: string, env: Environment): string {
  let out = ''
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) break
    out += text.slice(at, dollar)
    const next = text[dollar + 1]
    if (next === '$') {
      out += '$'
      at = dollar + 2
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2)
      out += expression(text.slice(dollar + 2, end), env)
      at = end + 1
    } else {
      out += '$'
      at = dollar + 1
    }
  }
  return out + text.slice(at)
}

function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    if (text[i] === '$' && text[i + 1] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  throw new Error('missing closing brace')
}

function expression(inner: string, env: Environment): string {
  const length = /^#([A-Za-z_]\w*)$/.exec(inner)
  if (length !== null) return String((env[length[1]] ?? '').length)
  const parts = /^([A-Za-z_]\w*)([\s\S]*)$/.exec(inner)
  if (parts === null) throw new Error('unable to parse variable name')
  const value = env[parts[1]] ?? ''
  const rest = parts[2]
  if (rest === '') return value
  const fallback = /^(?::-|:=|=|:\?|:\+)([\s\S]*)$/.exec(rest)
  if (fallback !== null) return value !== '' ? value : expandEnv(fallback[1], env)
  return modified(value, rest, env)
}

/** The string operations: case, substring, replacement, prefix and suffix removal. */
function modified(value: string, rest: string, env: Environment): string {
  if (rest === ',,') return value.toLowerCase()
  if (rest === '^^') return value.toUpperCase()
  if (rest === ',') return value.slice(0, 1).toLowerCase() + value.slice(1)
  if (rest === '^') return value.slice(0, 1).toUpperCase() + value.slice(1)
  const slice = /^:(-?\d+)(?::(\d+))?$/.exec(rest)
  if (slice !== null) {
    const start = Number(slice[1])
    return value.slice(start, slice[2] === undefined ? undefined : start + Number(slice[2]))
  }
  const replace = /^(\/\/?)([^/]+)\/([\s\S]*)$/.exec(rest)
  if (replace !== null) {
    const by = expandEnv(replace[3], env)
    return replace[1] === '//' ? value.replaceAll(replace[2], by) : value.replace(replace[2], () => by)
  }
  const trim = /^(##?|%%?)([\s\S]*)$/.exec(rest)
  if (trim !== null) return trimmed(value, trim[1], trim[2])
  throw new Error('missing closing brace')
}

/** `#`/`##` cut the shortest/longest matching prefix, `%`/`%%` the suffix; `*` and `?` are wildcards. */
function trimmed(value: string, operator: string, pattern: string): string {
  const source = pattern
    .replace(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll('*', '[\\s\\S]*')
    .replaceAll('?', '[\\s\\S]')
  const whole = new RegExp(`^(?:${source})$`)
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i)
  if (operator.length === 2) lengths.reverse()
  for (const length of lengths) {
    if (operator.startsWith('#') && whole.test(value.slice(0, length))) return value.slice(length)
    const cut = value.length - length
    if (operator.startsWith('%') && whole.test(value.slice(cut))) return value.slice(0, cut)
  }
  return value
}
