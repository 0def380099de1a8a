import { goQuote } from '#base/goquote.ts'

/** One line of Alloy's own log: `ts=… level=info msg="…" key=value`. */
export function logfmtLine(level: string, message: string, fields: Record<string, unknown>): string {
  // Alloy writes nanoseconds; the clock gives milliseconds, and Go drops trailing zeros.
  const ts = new Date().toISOString()
  const pairs = Object.entries(fields).map(
    ([key, value]) => ` ${key.replace(/[\s="]/g, '_')}=${logfmtValue(value)}`,
  )
  return `ts=${ts} level=${level} msg=${logfmtValue(message)}${pairs.join('')}`
}

/** The same line where the `logging` block says `format = "json"`. */
export function jsonLine(level: string, message: string, fields: Record<string, unknown>): string {
  const shown = Object.entries(fields).map(([key, value]) => [
    key,
    value instanceof Error ? value.message : value,
  ])
  return JSON.stringify({ ts: new Date().toISOString(), level, msg: message, ...Object.fromEntries(shown) })
}

function logfmtValue(value: unknown): string {
  const text =
    typeof value === 'string' ? value : value instanceof Error ? value.message : JSON.stringify(value)
  if (text === undefined) return 'null'
  return text === '' || /[\s="\\\p{C}]/u.test(text) ? goQuote(text) : text
}
