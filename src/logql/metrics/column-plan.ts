import { type ColumnFilter, compileColumnFilter } from '../pipeline/column-filter.ts'
import type { CompiledFields, Pipeline } from '../pipeline/compile.ts'
import { isColumnLabel } from '../pipeline/field-plan.ts'
import { ERROR_LABEL } from '../pipeline/names.ts'
import { filterNames } from '../pipeline/needed.ts'
import type { Grouping, Unwrap } from '../syntax/ast.ts'
import { type Convert, conversionOf } from './unwrap.ts'

/** A range function whose samples and series columns can tell, without a look at any line. */
export interface ColumnPlan {
  readonly fields: CompiledFields
  /** Labels that must be known next to those of the filters: grouped by, unwrapped, tested then. */
  readonly names: readonly string[]
  /** Labels grouped by, sorted, each once. */
  readonly by: readonly string[]
  readonly unwrap: ColumnUnwrap | undefined
  /** Whether the parser stops once it has found the labels of filters, grouping and unwrap. */
  readonly isNarrow: boolean
}

/** An `unwrap` on columns. */
export interface ColumnUnwrap {
  readonly label: string
  readonly convert: Convert
  /** The filters behind it. */
  readonly tests: readonly ColumnFilter[]
}

/**
 * Plans a range function on columns; undefined where some stage, label or grouping needs the lines.
 * @param grouping the labels that series are grouped by
 */
export function planColumns(
  { fields, stages, leadingFilters }: Pipeline,
  grouping: Grouping | undefined,
  unwrap: Unwrap | undefined,
): ColumnPlan | undefined {
  if (fields === undefined || !fields.isWhole || grouping === undefined || grouping.without) return undefined
  // Nothing left to do but count: that is simpler without columns.
  if (stages.length === leadingFilters && unwrap === undefined) return undefined
  const by = [...new Set(grouping.labels)].sort()
  const filtered = new Set<string>()
  for (const filter of unwrap?.filters ?? []) filterNames(filter, filtered)
  filtered.delete(ERROR_LABEL)
  const names = unwrap === undefined ? by : [...by, unwrap.label, ...filtered]
  if (!names.every(isColumnLabel)) return undefined
  const compiled = unwrap && {
    label: unwrap.label,
    convert: conversionOf(unwrap),
    tests: unwrap.filters.map(compileColumnFilter),
  }
  return { fields, names, by, unwrap: compiled, isNarrow: !looksAtErrors(fields, unwrap) }
}

/** Whether some filter asks for the line's error: then the parser goes on to the end. */
function looksAtErrors({ filters }: CompiledFields, unwrap: Unwrap | undefined): boolean {
  const names = new Set<string>()
  for (const filter of [...filters, ...(unwrap?.filters ?? [])]) filterNames(filter, names)
  return names.has(ERROR_LABEL)
}
