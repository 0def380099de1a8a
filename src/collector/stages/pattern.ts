import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly pattern: string
  readonly source?: string
  readonly labels_from_groups: boolean
}

/** `stage.pattern`: extracts captures of a pattern like `<ip> - <_> "<method> <path>"`. */
export const patternStage: StageDefinition<Args> = {
  name: 'stage.pattern',
  schema: {
    attributes: {
      pattern: { type: 'string', required: true },
      source: { type: 'string' },
      labels_from_groups: { type: 'bool', default: false },
    },
    validate: ({ pattern }) => {
      compilePattern(pattern as string)
    },
  },
  build(args, next) {
    const match = compilePattern(args.pattern)
    const read = sourceReader(args.source)
    return simpleStage(next, (entry) => {
      const text = read(entry)
      if (text === undefined) return
      for (const [name, value] of match(text)) {
        entry.extracted.set(name, value)
        if (args.labels_from_groups) entry.setLabel(name, value)
      }
    })
  },
}

/** A capture's name, or `undefined` before the first; and the text that follows it. */
interface Part {
  readonly capture: string | undefined
  readonly literal: string
}

/**
 * Compiles a pattern. The leading literal must be at the start of the text; each capture reaches to the next
 * literal, the last one to the end when its literal is not found.
 * @throws Error without a named capture, for a repeated name and for adjacent captures.
 */
export function compilePattern(pattern: string): (text: string) => [name: string, value: string][] {
  const parts = parseParts(pattern)
  return (text) => {
    const [{ literal: prefix }, ...captures] = parts
    if (!text.startsWith(prefix)) return []
    const found: [string, string][] = []
    let at = prefix.length
    for (const { capture, literal } of captures) {
      const end = literal === '' ? text.length : text.indexOf(literal, at)
      const isLast = end < 0
      const value = text.slice(at, isLast ? text.length : end)
      if (capture !== undefined && capture !== '_') found.push([capture, value])
      if (isLast) break
      at = end + literal.length
    }
    return found
  }
}

function parseParts(pattern: string): Part[] {
  const parts: Part[] = []
  let capture: string | undefined
  let from = 0
  for (const match of pattern.matchAll(/<([A-Za-z_][A-Za-z0-9_]*)>/g)) {
    const literal = pattern.slice(from, match.index)
    if (capture !== undefined && literal === '') {
      throw new Error(`pattern stage: found consecutive captures: <${capture}><${match[1]}>`)
    }
    parts.push({ capture, literal })
    capture = match[1]
    from = match.index + match[0].length
  }
  parts.push({ capture, literal: pattern.slice(from) })
  const names = parts.flatMap(({ capture: name }) => (name === undefined || name === '_' ? [] : [name]))
  if (names.length === 0) throw new Error('pattern stage: at least one named capture is required')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`pattern stage: duplicate capture name ${JSON.stringify(twice)}`)
  return parts
}
