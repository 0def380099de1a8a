import { Writable } from 'node:stream'

/**
 * A stream for pino that turns its JSON lines into logfmt, Go's `key=value` form, as Loki writes it: `ts` and
 * `level` first, values quoted only where they have to be.
 */
export function logfmtStream(write: (line: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string | Buffer, _encoding, done) {
      write(logfmtLine(String(line)))
      done()
    },
  })
}

/** One JSON object as a line of logfmt, newline included. A line that is no object is passed on as it is. */
export function logfmtLine(json: string): string {
  const fields = parseObject(json)
  if (fields === undefined) return json
  const { ts, level, ...rest } = fields
  const first = [['ts', ts] as const, ['level', level] as const].filter(([, value]) => value !== undefined)
  const pairs = [...first, ...Object.entries(rest)]
  return `${pairs.map(([key, value]) => `${logfmtKey(key)}=${logfmtValue(value)}`).join(' ')}\n`
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function logfmtKey(key: string): string {
  return key.replace(/[\s="\p{Cc}]/gu, '_') || '_'
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === '' || /[\s="\\\p{Cc}\p{Cs}]/u.test(text) ? JSON.stringify(text) : text
}
