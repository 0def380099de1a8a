import { compileRegex, type Regex } from '#base/regex/regex.ts'
import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly expression: string
  readonly source?: string
  readonly labels_from_groups: boolean
}

/** `stage.regex`: extracts the named groups of a pattern; one that took no part becomes the empty text. */
export const regexStage: StageDefinition<Args> = {
  name: 'stage.regex',
  schema: {
    attributes: {
      expression: { type: 'string', required: true },
      source: { type: 'string' },
      labels_from_groups: { type: 'bool', default: false },
    },
    validate: ({ expression }) => {
      compileNamed(expression as string)
    },
  },
  build(args, next) {
    const pattern = compileNamed(args.expression)
    const read = sourceReader(args.source)
    return simpleStage(next, (entry) => {
      const text = read(entry)
      const groups = text === undefined ? undefined : pattern.exec(text)
      if (groups === undefined) return
      for (const [index, name] of pattern.groupNames.entries()) {
        if (name === '') continue
        const value = groups[index] ?? ''
        entry.extracted.set(name, value)
        if (args.labels_from_groups) entry.setLabel(name, value)
      }
    })
  },
}

function compileNamed(expression: string): Regex {
  if (expression === '') throw new Error('expression is required')
  const pattern = compileRegex(expression)
  if (pattern.groupNames.every((name) => name === ''))
    throw new Error('at least one named capture group is required')
  return pattern
}
