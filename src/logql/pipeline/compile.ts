import { errorMessage } from '#base/errors.ts'
import type { FieldNeedle, FieldPredicate, LinePredicate } from '#store/types.ts'
import { LogqlError } from '../error.ts'
import type { LabelFilter, Stage } from '../syntax/ast.ts'
import { printLineFilter, printStage } from '../syntax/printer.ts'
import { compilePatternStage, compileRegexp } from './captures.ts'
import { type ColumnFilter, compileColumnFilter } from './column-filter.ts'
import { decolorize } from './decolorize.ts'
import { compileDrop, compileKeep } from './drop-keep.ts'
import { fieldNeedles } from './field-needles.ts'
import { type FieldPlan, fieldPredicates, planFields } from './field-plan.ts'
import { FoldedNeedle } from './folded-needle.ts'
import { compileLabelFormat, compileLineFormat } from './formats.ts'
import { type EarlyTests, everythingNeeded, type Hints } from './hints.ts'
import { compileJson } from './json.ts'
import { compileJsonPaths } from './json-paths.ts'
import { compileCompareTest, compileLabelFilter, compileStringTest, MAX_REMEMBERED } from './label-filter.ts'
import { compileLineFilter } from './line-filter.ts'
import { compileLogfmt } from './logfmt.ts'
import { compileLogfmtFields } from './logfmt-fields.ts'
import { ERROR_LABEL } from './names.ts'
import { hoistLineFilters, type PlannedStage } from './rewrite.ts'
import { Row, type StageRun } from './row.ts'
import { compileUnpack } from './unpack.ts'

/** A pipeline that is ready to run, and the row it works on. */
export interface Pipeline {
  readonly row: Row
  /** Predicates of line filters that see the line as stored: every kept line meets all of them. */
  readonly predicates: readonly LinePredicate[]
  /** What lines must contain for filters on their fields; to be checked per batch. */
  readonly fieldNeedles: readonly FieldNeedle[]
  /** What lines must contain in any case for filters by pattern. */
  readonly foldedNeedles: readonly FoldedNeedle[]
  /** What is left to do once the predicates hold. */
  readonly stages: readonly StageRun[]
  /** How many of {@link stages} are line filters that see the line as stored, before all others. */
  readonly leadingFilters: number
  /** What columns can answer; undefined where nothing, and where shortcuts are off. */
  readonly fields: CompiledFields | undefined
  /** Whether every line that passes keeps exactly its stream's and its metadata's labels. */
  readonly keepsLabels: boolean
}

/** A {@link FieldPlan} whose filters are ready to run on columns. */
export interface CompiledFields extends FieldPlan {
  readonly tests: readonly ColumnFilter[]
  /** What every row that passes them meets. */
  readonly predicates: readonly FieldPredicate[]
}

/** Makes the hints once the row, and with it the table of names, exists. */
export type MakeHints = (row: Row, tests: EarlyTests) => Hints

/**
 * Compiles the stages of a log expression.
 * @param shortcuts whether lines may be ruled out by their bytes and by single fields, before the stages run
 * @throws LogqlError `parse error : stage '…' : …` for a stage whose argument is none
 */
export function compilePipeline(
  stages: readonly Stage[],
  makeHints: MakeHints = defaultHints,
  shortcuts = true,
): Pipeline {
  const row = new Row()
  const planned = hoistLineFilters(stages)
  const hints = makeHints(row, earlyTests(stages, row))
  const predicates: LinePredicate[] = []
  const foldedNeedles: FoldedNeedle[] = []
  const runs: StageRun[] = []
  let leadingFilters = 0
  for (const [i, stage] of planned.entries()) {
    if (stage.kind !== 'lineFilters') {
      runs.push(...compileStage(stage, row, hints, shortcuts))
      continue
    }
    const compiled = withStageText(stage, () => stage.filters.map(compileLineFilter))
    for (const { run, predicate, isPredicate, foldedTexts = [] } of compiled) {
      if (shortcuts && i === 0) foldedNeedles.push(...foldedTexts.map((text) => new FoldedNeedle(text)))
      // Only filters that come before every other stage see the line as it is stored.
      const usable = shortcuts && i === 0 && predicate !== undefined
      if (usable) predicates.push(predicate)
      if (!usable || !isPredicate) runs.push(run)
    }
    if (i === 0) leadingFilters = runs.length
  }
  const keepsLabels = planned.every((stage) => stage.kind === 'lineFilters')
  const needles = shortcuts ? fieldNeedles(stages) : []
  const fields = shortcuts ? compileFields(planned) : undefined
  const common = { row, predicates, fieldNeedles: needles, foldedNeedles, stages: runs, keepsLabels }
  return { ...common, leadingFilters, fields }
}

function compileFields(planned: readonly PlannedStage[]): CompiledFields | undefined {
  const plan = planFields(planned)
  if (plan === undefined) return undefined
  const tests = plan.filters.map(compileColumnFilter)
  return { ...plan, tests, predicates: fieldPredicates(plan) }
}

function defaultHints(_: Row, tests: EarlyTests): Hints {
  return everythingNeeded(tests)
}

/** Runs the stages on the row the pipeline stands on. */
export function runStages(row: Row, stages: readonly StageRun[]): boolean {
  for (const stage of stages) if (!stage(row)) return false
  return true
}

function compileStage(
  stage: Exclude<PlannedStage, { kind: 'lineFilters' }>,
  row: Row,
  hints: Hints,
  shortcuts: boolean,
): StageRun[] {
  switch (stage.kind) {
    case 'labelFilter':
      return [withStageText(stage, () => compileLabelFilter(stage.filter, row.names))]
    case 'json':
      if (stage.extractions.length > 0) {
        return [withStageText(stage, () => compileJsonPaths(stage.extractions, row, hints))]
      }
      return hints.nothingNeeded ? [] : [compileJson(row, hints, shortcuts)]
    case 'logfmt':
      if (stage.extractions.length > 0) {
        return [withStageText(stage, () => compileLogfmtFields(stage.extractions, stage, row, hints))]
      }
      return hints.nothingNeeded ? [] : [compileLogfmt(stage, row, hints)]
    case 'regexp':
      return [compileRegexp(stage.pattern, row, hints)]
    case 'pattern':
      return hints.nothingNeeded ? [] : [compilePatternStage(stage.pattern, row, hints)]
    case 'unpack':
      return hints.nothingNeeded ? [] : [compileUnpack(row, hints)]
    case 'lineFormat':
      return [withStageText(stage, () => compileLineFormat(stage.template, row))]
    case 'labelFormat':
      return [withStageText(stage, () => compileLabelFormat(stage.formats, row))]
    case 'decolorize':
      return [decolorize]
    case 'drop':
      return [compileDrop(stage.targets, row)]
    case 'keep':
      return [compileKeep(stage.targets, row)]
  }
}

function withStageText<T>(stage: PlannedStage, compile: () => T): T {
  try {
    return compile()
  } catch (thrown) {
    const text =
      stage.kind === 'lineFilters' ? stage.filters.map(printLineFilter).join(' ') : printStage(stage)
    throw new LogqlError(`parse error : stage '${text}' : ${errorMessage(thrown)}`)
  }
}

/** Of each label, the test of the first filter that looks at it alone. */
function earlyTests(stages: readonly Stage[], row: Row): EarlyTests {
  const tests = new Map<number, (value: string) => boolean>()
  for (const stage of stages) {
    if (stage.kind !== 'labelFilter') continue
    const { filter } = stage
    if (filter.kind !== 'string' && filter.kind !== 'compare') continue
    const name = filter.kind === 'string' ? filter.matcher.name : filter.name
    const id = row.names.intern(name)
    // A filter on the error asks for the line's own, not for a field of that name.
    if (name !== ERROR_LABEL && !tests.has(id)) tests.set(id, earlyTest(filter))
  }
  return tests
}

function earlyTest(filter: LabelFilter & { kind: 'string' | 'compare' }): (value: string) => boolean {
  if (filter.kind === 'string') return compileStringTest(filter)
  const test = compileCompareTest(filter)
  const known = new Map<string, boolean>()
  return (value) => {
    let passes = known.get(value)
    if (passes !== undefined) return passes
    try {
      passes = test(value)
    } catch {
      passes = true
    }
    // Fields repeat; where they do not, remembering them helps nobody.
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(value, passes)
    return passes
  }
}
