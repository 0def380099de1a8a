import type { Hints } from './hints.ts'
import { sanitizeName } from './names.ts'
import { compilePattern, type PatternPart } from './pattern-compile.ts'
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

/** `| pattern "…"`: what stands between the pattern's literals. */
export function compilePatternStage(pattern: string, row: Row, hints: Hints): StageRun {
  const parts = compilePattern(pattern)
  const ids = parts.map((part) =>
    'capture' in part && part.capture !== '' ? row.names.intern(part.capture) : -1,
  )
  return () => {
    const { text } = row
    if (text === '') return true
    let at = 0
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      if ('literal' in part) {
        // Only a leading literal gets here: the others are taken with the capture before them.
        if (!text.startsWith(part.literal)) return true
        at = part.literal.length
        continue
      }
      const end = captureEnd(text, at, parts[i + 1])
      const value = text.slice(at, end === -1 ? undefined : end)
      if (ids[i] !== -1 && !setCapture(row, hints, ids[i], value)) return false
      if (end === -1) return true
      const next = parts[++i]
      at = end + ('literal' in next ? next.literal.length : 0)
    }
    return true
  }
}

/** Where a capture ends: at the literal behind it; -1 where there is none, so that it takes the rest. */
function captureEnd(text: string, at: number, next: PatternPart | undefined): number {
  return next !== undefined && 'literal' in next ? text.indexOf(next.literal, at) : -1
}
