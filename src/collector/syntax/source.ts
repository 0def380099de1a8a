/** One configuration file: its name as shown in messages, and its text. */
export interface Source {
  readonly name: string
  readonly text: string
  /** Offsets (UTF-16 code units) at which each line starts; the first is 0. */
  readonly lineStarts: readonly number[]
}

/** A stretch of a source: offsets in UTF-16 code units, end exclusive. */
export interface Span {
  readonly source: Source
  readonly start: number
  readonly end: number
}

/** Where something is, as shown to people: both numbers start at 1, the column counts UTF-8 bytes. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Prepares a text for the lexer. A byte order mark at the front is dropped. */
export function makeSource(name: string, text: string): Source {
  if (text.startsWith('\uFEFF')) text = text.slice(1)
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { name, text, lineStarts }
}

/** The line (from 0) that holds an offset. */
export function lineIndexAt(source: Source, offset: number): number {
  let low = 0
  let high = source.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (source.lineStarts[middle] <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** Line and byte column of an offset, both from 1. */
export function positionAt(source: Source, offset: number): Position {
  const line = lineIndexAt(source, offset)
  const before = source.text.slice(source.lineStarts[line], offset)
  return { line: line + 1, column: Buffer.byteLength(before) + 1 }
}

/** The text of a line (from 0) without its end; carriage returns are dropped. */
export function lineText(source: Source, line: number): string {
  const start = source.lineStarts[line]
  const next = source.lineStarts[line + 1]
  return source.text.slice(start, next === undefined ? undefined : next - 1).replaceAll('\r', '')
}

/**
 * The text of a configuration file. UTF-8 only, with or without a byte order mark.
 * @throws Error with Alloy's text: `configuration is encoded with UTF-16LE but must be utf8`, …
 */
export function decodeConfigBytes(bytes: Uint8Array): string {
  const encoding = markedEncoding(bytes)
  if (encoding !== undefined) throw new Error(`configuration is encoded with ${encoding} but must be utf8`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('unknown encoding for config')
  }
}

function markedEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32LE' : 'UTF-16LE'
  if (a === 0xfe && b === 0xff) return 'UTF-16BE'
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'UTF-32BE'
  return undefined
}
