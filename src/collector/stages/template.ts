import { errorMessage } from '#base/errors.ts'
import { compileTextTemplate, soleField } from '#base/template/template.ts'
import type { Value } from '#base/template/values.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'
import { STAGE_FUNCTIONS } from './template-functions.ts'

interface Args {
  readonly source: string
  readonly template: string
}

/**
 * `stage.template`: a Go template makes a new extracted value. It sees `.Value`, the value of `source` so
 * far; `.Entry`, the line; and everything extracted by its name. An empty result removes the value.
 */
export const templateStage: StageDefinition<Args> = {
  name: 'stage.template',
  schema: {
    attributes: {
      source: { type: 'string', required: true },
      template: { type: 'string', required: true },
    },
    validate: (decoded) => {
      const { source, template } = decoded as unknown as Args
      if (source === '') throw new Error('template stage: source must not be empty')
      compile(template)
    },
  },
  build({ source, template }, next, context) {
    const run = compile(template)
    const sole = soleField(template)
    return simpleStage(next, (entry) => {
      try {
        const text = sole === undefined ? run(dataOf(entry, source)) : fieldText(entry, source, sole)
        if (text === '') entry.extracted.delete(source)
        else entry.extracted.set(source, text)
      } catch (thrown) {
        context.logger.debug({ source, error: errorMessage(thrown) }, 'stage.template: the template failed')
      }
    })
  },
}

function compile(template: string): (data: Value) => string {
  try {
    return compileTextTemplate('pipeline_template', template, STAGE_FUNCTIONS)
  } catch (thrown) {
    throw new Error(`template stage: ${errorMessage(thrown)}`)
  }
}

/** What the template sees. Values that are no text are absent, and render as `<no value>`. */
function dataOf(entry: StageEntry, source: string): Map<string, Value> {
  const data = new Map<string, Value>()
  for (const [name, value] of entry.extracted) {
    const text = extractedText(value)
    if (text === undefined) continue
    data.set(name, text)
    if (name === source) data.set('Value', text)
  }
  data.set('Entry', entry.line)
  return data
}

function fieldText(entry: StageEntry, source: string, name: string): string {
  if (name === 'Entry') return entry.line
  const ofValue = name === 'Value' ? extractedText(entry.extracted.get(source)) : undefined
  return ofValue ?? extractedText(entry.extracted.get(name)) ?? '<no value>'
}
