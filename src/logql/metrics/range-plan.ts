import { compilePipeline, type MakeHints, type Pipeline } from '../pipeline/compile.ts'
import { everythingNeeded, someNeeded } from '../pipeline/hints.ts'
import { ERROR_LABEL } from '../pipeline/names.ts'
import { neededNames } from '../pipeline/needed.ts'
import { dropUnreadLineFormats } from '../pipeline/rewrite.ts'
import type { Grouping, RangeAggExpr } from '../syntax/ast.ts'
import { type ColumnPlan, planColumns } from './column-plan.ts'
import { makeGrouper, type RowGrouper } from './series-of-row.ts'
import { compileUnwrap, type ReadSample } from './unwrap.ts'

/** A range function, compiled: what lines go through, what each counts, and which series it belongs to. */
export interface RangePlan {
  readonly pipeline: Pipeline
  /** The sample of a line that passed; `undefined` is none. */
  readonly sample: ReadSample
  /** Whether every line that passes counts 1 and its text is of no interest. */
  readonly countsLines: boolean
  /** Whether every line counts its size in bytes. */
  readonly countsBytes: boolean
  readonly grouper: RowGrouper
  /** The same on columns; undefined where the lines are needed. */
  readonly columns: ColumnPlan | undefined
  /** The labels that rows are grouped by; undefined where their series have all, but for some. */
  readonly byLabels: readonly string[] | undefined
  /** The labels that the stages extract. */
  readonly needed: readonly string[] | 'all'
  /** Whether the line's metadata can matter. */
  readonly needsMetadata: boolean
}

/**
 * Compiles a range function.
 * @param pushed the grouping of a `sum` directly around it, applied to each line already; undefined where
 * there is none
 * @param shortcuts as for `compilePipeline`
 */
export function planRange(expr: RangeAggExpr, pushed: Grouping | undefined, shortcuts: boolean): RangePlan {
  const { op, range } = expr
  const countsBytes = op === 'bytes_over_time' || op === 'bytes_rate'
  const grouping = op === 'absent_over_time' ? { without: false, labels: [] } : (pushed ?? expr.grouping)
  const stages = countsBytes ? range.log.stages : dropUnreadLineFormats(range.log.stages)
  const byLabels = grouping !== undefined && !grouping.without
  const needed = byLabels ? neededNames(stages, range.unwrap).union(new Set(grouping.labels)) : undefined
  const makeHints: MakeHints = (row, tests) => {
    // Filters may only run early where no grouping narrows what is extracted.
    const usable = byLabels && grouping.labels.length > 0 ? new Map<number, never>() : tests
    if (needed === undefined) return everythingNeeded(usable)
    const intern = (name: string): number => row.names.intern(name)
    return someNeeded([...needed], intern, needed.has(ERROR_LABEL), usable)
  }
  const pipeline = compilePipeline(stages, makeHints, shortcuts)
  const { row } = pipeline
  const sample: ReadSample =
    range.unwrap !== undefined
      ? compileUnwrap(range.unwrap, row)
      : countsBytes
        ? (line) => line.sizeBytes
        : () => 1
  const unwrapped = range.unwrap === undefined ? [] : [range.unwrap.label]
  const effective: Grouping = byLabels
    ? grouping
    : { without: true, labels: [...(grouping?.labels ?? []), ...unwrapped] }
  return {
    pipeline,
    sample,
    countsLines: range.unwrap === undefined && !countsBytes,
    countsBytes,
    grouper: makeGrouper(row, effective),
    columns: byLabels ? planColumns(pipeline, grouping, range.unwrap) : undefined,
    byLabels: byLabels ? grouping.labels : undefined,
    needed: needed === undefined ? 'all' : [...needed],
    needsMetadata: !(
      byLabels &&
      grouping.labels.length === 0 &&
      pipeline.keepsLabels &&
      range.unwrap === undefined
    ),
  }
}
