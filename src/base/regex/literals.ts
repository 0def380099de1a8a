import type { RegexNode } from './ast.ts'

/** Most alternatives worth searching for. */
const MAX_NEEDLES = 16

/**
 * Texts of which every match contains at least one, exactly as written; `undefined` where none are known.
 * Lets a search skip, on bytes, whatever cannot match.
 */
export function requiredLiterals(node: RegexNode): readonly string[] | undefined {
  switch (node.kind) {
    case 'literal':
      return node.fold || node.text === '' ? undefined : [node.text]
    case 'capture':
      return requiredLiterals(node.body)
    case 'repeat':
      return node.min > 0 ? requiredLiterals(node.body) : undefined
    case 'concat':
      return best(node.parts.map(requiredLiterals))
    case 'alternate': {
      const legs = node.parts.map(requiredLiterals)
      const all = legs.flatMap((leg) => leg ?? [])
      return legs.includes(undefined) || all.length > MAX_NEEDLES ? undefined : [...new Set(all)]
    }
    default:
      return undefined
  }
}

/** The set whose shortest text is longest: it rules out most. */
function best(sets: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  let found: readonly string[] | undefined
  let length = 0
  for (const set of sets) {
    if (set === undefined) continue
    const shortest = Math.min(...set.map((text) => text.length))
    if (shortest > length) {
      found = set
      length = shortest
    }
  }
  return found
}

/** A text of a pattern, and whether in any case. */
export interface PatternText {
  readonly text: string
  readonly fold: boolean
}

/** Texts of which every match contains all; empty where none are known. */
export function requiredTexts(node: RegexNode): readonly PatternText[] {
  switch (node.kind) {
    case 'literal':
      return node.text === '' ? [] : [{ text: node.text, fold: node.fold }]
    case 'capture':
      return requiredTexts(node.body)
    case 'repeat':
      return node.min > 0 ? requiredTexts(node.body) : []
    case 'concat':
      return node.parts.flatMap(requiredTexts)
    default:
      return []
  }
}
