import { RE2JS } from 're2js'
import { compileRegex } from '#base/regex/regex.ts'
import { extractedText } from './entry.ts'
import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly expression: string
  readonly source?: string
  readonly replace: string
}

/** `stage.replace`: replaces the text of each capture group of a pattern, wherever it matches. */
export const replaceStage: StageDefinition<Args> = {
  name: 'stage.replace',
  schema: {
    attributes: {
      expression: { type: 'string', required: true },
      source: { type: 'string' },
      replace: { type: 'string', default: '' },
    },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      if (args.expression === '') throw new Error('empty expression in replace stage')
      compileRegex(args.expression)
      compileReplacement(args.replace)
    },
  },
  build(args, next) {
    const pattern = RE2JS.compile(args.expression)
    const { groupNames } = compileRegex(args.expression)
    const replacement = compileReplacement(args.replace)
    const read = sourceReader(args.source)
    return simpleStage(next, (entry) => {
      const text = read(entry)
      if (text === undefined) return
      const { replaced, named } = replaceGroups(pattern, groupNames, text, replacement)
      if (args.source) entry.extracted.set(args.source, replaced)
      else if (replaced !== text) entry.line = replaced
      for (const [name, value] of named) {
        if (name !== args.source && extractedText(value) !== undefined) entry.extracted.set(name, value)
      }
    })
  },
}

type Replacement = (value: string) => string

/**
 * Compiles the replacement: plain text in which `{{ .Value }}` stands for the group's text.
 * @throws Error for other template actions.
 */
function compileReplacement(template: string): Replacement {
  const pieces = template.split(/\{\{-?\s*\.Value\s*-?\}\}/)
  if (pieces.some((piece) => piece.includes('{{'))) {
    throw new Error(
      `not supported yet: template actions other than {{ .Value }} in ${JSON.stringify(template)}`,
    )
  }
  return (value) => pieces.join(value)
}

function replaceGroups(
  pattern: RE2JS,
  groupNames: readonly string[],
  text: string,
  replacement: Replacement,
): { replaced: string; named: Map<string, string> } {
  const named = new Map<string, string>()
  const matcher = pattern.matcher(text)
  let replaced = ''
  let at = 0
  while (matcher.find()) {
    for (let group = 1; group < groupNames.length; group++) {
      const start = matcher.start(group)
      const end = matcher.end(group)
      // A group inside one that has been replaced is gone with it.
      if (start < 0 || start < at) continue
      const value = replacement(text.slice(start, end))
      replaced += text.slice(at, start) + value
      at = end
      if (groupNames[group] !== '') named.set(groupNames[group], value)
    }
  }
  return { replaced: replaced + text.slice(at), named }
}
