import type { FieldParser, FieldPredicate, KeyParser } from '#store/types.ts'
import type { LabelFilter } from '../syntax/ast.ts'
import { ERROR_LABEL } from './names.ts'
import { filterNames } from './needed.ts'
import { patternParser } from './pattern-compile.ts'
import type { PlannedStage } from './rewrite.ts'

/** What of a pipeline columns can answer: one parser at most, and the label filters right behind it. */
export interface FieldPlan {
  readonly parser: FieldParser | undefined
  readonly filters: readonly LabelFilter[]
  /** Whether that is the whole pipeline, line filters in front of it apart. */
  readonly isWhole: boolean
}

/** The part of the stages that columns can answer; undefined where there is none. */
export function planFields(stages: readonly PlannedStage[]): FieldPlan | undefined {
  let at = stages[0]?.kind === 'lineFilters' ? 1 : 0
  const first = stages[at]
  let parser: FieldParser | undefined
  if ((first?.kind === 'json' || first?.kind === 'logfmt') && first.extractions.length === 0) {
    parser = first.kind
    at++
  } else if (first?.kind === 'pattern') {
    parser = patternParser(first.pattern)
    at++
  }
  const filters: LabelFilter[] = []
  for (; at < stages.length; at++) {
    const stage = stages[at]
    if (stage.kind !== 'labelFilter' || !isColumnFilter(stage.filter)) break
    filters.push(stage.filter)
  }
  if (parser === undefined && filters.length === 0) return undefined
  return { parser, filters, isWhole: at === stages.length }
}

/** Whether columns can answer a filter: all but those on what the language itself makes of a line. */
export function isColumnFilter(filter: LabelFilter): boolean {
  const names = new Set<string>()
  filterNames(filter, names)
  return [...names].every((name) => isColumnLabel(name) || name === ERROR_LABEL)
}

/** Whether a label of this name can only be of the stream, its metadata, or a field of just this name. */
export function isColumnLabel(name: string): boolean {
  return !name.startsWith('__') && !name.endsWith('_extracted')
}

/** The conditions that every row which passes these filters meets, for a store to leave rows out by. */
export function fieldPredicates({ parser, filters }: FieldPlan): FieldPredicate[] {
  if (typeof parser !== 'string') return []
  return filters.flatMap((filter) => predicatesOf(filter, parser))
}

function predicatesOf(filter: LabelFilter, parser: KeyParser): FieldPredicate[] {
  if (filter.kind === 'and') {
    return [...predicatesOf(filter.left, parser), ...predicatesOf(filter.right, parser)]
  }
  if (filter.kind === 'string') {
    const { name, op, value } = filter.matcher
    return op === '=' && value !== '' && isColumnLabel(name) ? [{ parser, name, op, value }] : []
  }
  if (filter.kind !== 'compare' || filter.unit !== 'number') return []
  const { name, op, value } = filter
  return [{ parser, name, op: op === '==' ? '=' : op, value }]
}
