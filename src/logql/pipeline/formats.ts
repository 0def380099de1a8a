import { errorMessage } from '#base/errors.ts'
import { compileTemplate, type LineTemplate, soleField } from '#base/template/template.ts'
import type { LabelFormat } from '../syntax/ast.ts'
import { ERROR_LABEL } from './names.ts'
import type { Row, StageRun } from './row.ts'

const TEMPLATE_ERROR = 'TemplateFormatErr'

/**
 * `| line_format "…"`: the line becomes the template's output; where it fails, the line stays and is marked.
 * @throws Error `invalid line template: template: line:1: unclosed action`
 */
export function compileLineFormat(text: string, row: Row): StageRun {
  const template = compileOrThrow('line', text, 'invalid line template')
  const field = soleField(text)
  if (field !== undefined) {
    const id = row.names.intern(field)
    return () => {
      row.text = row.labels.get(id) ?? ''
      return true
    }
  }
  return () => {
    try {
      row.text = template.run(row, row.labels.all())
    } catch (thrown) {
      row.labels.setError(TEMPLATE_ERROR, errorMessage(thrown))
    }
    return true
  }
}

/**
 * `| label_format a=b, c="…"`: renames and templates, in order. Templates of one stage see the labels as they
 * were when the first of them ran.
 * @throws Error where one label is formatted twice, for `__error__`, and where a template is none
 */
export function compileLabelFormat(formats: readonly LabelFormat[], row: Row): StageRun {
  const seen = new Set<string>()
  for (const { name } of formats) {
    if (name === ERROR_LABEL) throw new Error(`${name} cannot be formatted`)
    if (seen.has(name))
      throw new Error(`multiple label name '${name}' not allowed in a single format operation`)
    seen.add(name)
  }
  const steps = formats.map(({ name, kind, value }) => ({
    id: row.names.intern(name),
    source: kind === 'rename' ? row.names.intern(value) : -1,
    template:
      kind === 'template'
        ? compileOrThrow('label', value, `invalid template for label '${name}'`)
        : undefined,
  }))
  return () => {
    const { labels } = row
    let snapshot: ReturnType<typeof labels.all> | undefined
    for (const { id, source, template } of steps) {
      if (template === undefined) {
        const value = labels.get(source)
        if (value === undefined) continue
        labels.setParsed(id, value)
        labels.delete(source)
        continue
      }
      snapshot ??= labels.all()
      try {
        labels.setParsed(id, template.run(row, snapshot))
      } catch (thrown) {
        labels.setError(TEMPLATE_ERROR, errorMessage(thrown))
      }
    }
    return true
  }
}

function compileOrThrow(name: string, text: string, problem: string): LineTemplate {
  try {
    return compileTemplate(name, text)
  } catch (thrown) {
    throw new Error(`${problem}: ${errorMessage(thrown)}`)
  }
}
