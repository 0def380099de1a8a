import { RE2JS } from 're2js'
import { errorMessage } from '#base/errors.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { LabelMap } from '#base/template/exec.ts'
import { compileTextTemplate, soleField } from '#base/template/template.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'
import { STAGE_FUNCTIONS } from './template-functions.ts'

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
  build(args, next, context) {
    const pattern = RE2JS.compile(args.expression)
    const { groupNames } = compileRegex(args.expression)
    const replacement = compileReplacement(args.replace)
    const read = sourceReader(args.source)
    const replaceIn = (text: string, entry: StageEntry): void => {
      const replacementOf = (value: string): string => replacement(value, entry)
      const { replaced, named } = replaceGroups(pattern, groupNames, text, replacementOf)
      if (args.source) entry.extracted.set(args.source, replaced)
      else if (replaced !== text) entry.line = replaced
      for (const [name, value] of named) {
        if (name !== args.source) entry.extracted.set(name, value)
      }
    }
    return simpleStage(next, (entry) => {
      const text = read(entry)
      if (text === undefined) return
      try {
        replaceIn(text, entry)
      } catch (thrown) {
        context.logger.debug({ error: errorMessage(thrown) }, 'stage.replace: the template failed')
      }
    })
  },
}

/** The text that takes a group's place. */
type Replacement = (value: string, entry: StageEntry) => string

/**
 * Compiles the replacement: a template in which `.Value` stands for the group's text and every other name for
 * what is extracted under it.
 * @throws Error where it is no template.
 */
function compileReplacement(template: string): Replacement {
  if (!template.includes('{{')) return () => template
  if (soleField(template) === 'Value') return (value) => value
  const run = compileTextTemplate('pipeline_template', template, STAGE_FUNCTIONS)
  return (value, entry) => {
    const data = new LabelMap()
    for (const [name, extracted] of entry.extracted) {
      const text = extractedText(extracted)
      if (text !== undefined) data.set(name, text)
    }
    return run(data.set('Value', value))
  }
}

function replaceGroups(
  pattern: RE2JS,
  groupNames: readonly string[],
  text: string,
  replacement: (value: string) => string,
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
