import { templateFields } from '#base/template/fields.ts'
import type { LabelFilter, Stage, Unwrap } from '../syntax/ast.ts'

/**
 * The label names that stages and `unwrap` read, as far as the query's text shows: filters, rename sources,
 * fields of templates. (`index . "x"` in a template is not seen, as in Loki.)
 */
export function neededNames(stages: readonly Stage[], unwrap: Unwrap | undefined): Set<string> {
  const names = new Set<string>()
  for (const stage of stages) {
    if (stage.kind === 'labelFilter') filterNames(stage.filter, names)
    else if (stage.kind === 'lineFormat') addTemplateFields(stage.template, names)
    else if (stage.kind === 'labelFormat') {
      for (const { kind, value } of stage.formats) {
        if (kind === 'rename') names.add(value)
        else addTemplateFields(value, names)
      }
    }
  }
  if (unwrap !== undefined) {
    names.add(unwrap.label)
    for (const filter of unwrap.filters) filterNames(filter, names)
  }
  return names
}

/** Adds the names that a label filter reads. */
export function filterNames(filter: LabelFilter, names: Set<string>): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      filterNames(filter.left, names)
      filterNames(filter.right, names)
      break
    case 'string':
      names.add(filter.matcher.name)
      break
    default:
      names.add(filter.name)
  }
}

function addTemplateFields(template: string, names: Set<string>): void {
  for (const name of templateFields(template)) names.add(name)
}
