import { findBytes } from '#base/find-bytes.ts'
import type { Hints } from './hints.ts'
import { sanitizeName } from './names.ts'
import { patternParser } from './pattern-compile.ts'
import { compileRegexpCaptures } from './regexp-captures.ts'
import type { Row, StageRun } from './row.ts'

/** Sets a captured label. Returns false where a later filter would drop the line for it. */
function setCapture(row: Row, hints: Hints, nameId: number, value: string): boolean {
  const { labels } = row
  const id = labels.collides(nameId) ? row.names.extractedOf(nameId) : nameId
  if (!hints.wants(id) || labels.wasExtracted(id)) return true
  labels.setParsed(id, value)
  return hints.admits(id, value)
}

/** `| regexp "…"`: the named groups of the first match. No match sets nothing. */
export function compileRegexp(pattern: string, row: Row, hints: Hints): StageRun {
  const { regex, names } = compileRegexpCaptures(pattern)
  const ids = names.map((name) => (name === '' ? -1 : row.names.intern(sanitizeName(name))))
  return () => {
    const groups = regex.exec(row.text)
    if (groups === undefined) return true
    for (let i = 1; i < ids.length; i++) {
      if (ids[i] !== -1 && !setCapture(row, hints, ids[i], groups[i] ?? '')) return false
    }
    return true
  }
}

/** A part of a pattern on bytes: a capture, and the literal behind it. */
interface BytePart {
  /** Id of the label's name; −1 for `<_>`. */
  readonly id: number
  /** What ends the capture; undefined where it takes the rest of the line. */
  readonly literal: Uint8Array | undefined
}

/** `| pattern "…"`: what stands between the pattern's literals. */
export function compilePatternStage(pattern: string, row: Row, hints: Hints): StageRun {
  const { lead, captures: parts } = patternParser(pattern)
  const captures = parts.map(({ name, literal }): BytePart => {
    return { id: name === '' ? -1 : row.names.intern(name), literal }
  })
  return () => {
    row.needBytes()
    const { bytes, from, to } = row
    if (from === to || !startsWith(bytes, from, to, lead)) return true
    let at = from + lead.length
    for (let i = 0; i < captures.length; i++) {
      const { id, literal } = captures[i]
      const end = literal === undefined ? -1 : findBytes(bytes, at, to, literal)
      const isLast = end === -1
      if (id !== -1) {
        if (!setCapturedBytes(row, hints, id, bytes, at, isLast ? to : end)) return false
        if (hints.allFound(row.labels)) return true
      }
      if (isLast || literal === undefined) return true
      at = end + literal.length
    }
    return true
  }
}

/** {@link setCapture} of bytes, as text only where something asks for it. */
function setCapturedBytes(
  row: Row,
  hints: Hints,
  nameId: number,
  bytes: Buffer,
  from: number,
  to: number,
): boolean {
  const { labels } = row
  const id = labels.collides(nameId) ? row.names.extractedOf(nameId) : nameId
  if (!hints.wants(id) || labels.wasExtracted(id)) return true
  if (hints.tested.has(id) || !isAscii(bytes, from, to)) {
    const text = bytes.toString('utf8', from, to)
    labels.setParsed(id, text)
    return hints.admits(id, text)
  }
  labels.setParsedBytes(id, bytes, from, to)
  return true
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  let seen = 0
  for (let i = from; i < to; i++) seen |= bytes[i]
  return seen < 0x80
}

function startsWith(bytes: Uint8Array, from: number, to: number, lead: Uint8Array): boolean {
  if (to - from < lead.length) return false
  for (let i = 0; i < lead.length; i++) if (bytes[from + i] !== lead[i]) return false
  return true
}
