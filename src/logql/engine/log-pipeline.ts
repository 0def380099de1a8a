import type { LinePredicate, Metadata, RowTest, StreamRef } from '#store/types.ts'
import { compilePipeline, runStages } from '../pipeline/compile.ts'
import { ERROR_LABEL } from '../pipeline/names.ts'
import type { Row } from '../pipeline/row.ts'
import type { LogExpr } from '../syntax/ast.ts'
import type { EntryLabels } from './batch-cursor.ts'

/** What became of a line that passed. */
export interface PassedLine {
  readonly line: string
  readonly labels: EntryLabels
}

/**
 * Takes one line through a pipeline: the line and labels that come out, or `undefined` where it is dropped.
 */
export type LinePipeline = (
  stream: StreamRef,
  metadata: Metadata,
  tsMs: number,
  tsNs: number,
  line: Uint8Array,
) => PassedLine | undefined

/**
 * Compiles the stages of a log expression for lines that come one by one, as in live tailing. The caller has
 * matched the stream against the expression's selector.
 * @throws LogqlError `parse error : stage '…' : …` for a stage whose argument is none
 */
export function compileLogPipeline(expr: LogExpr): LinePipeline {
  const { row, predicates, stages } = compilePipeline(expr.stages)
  return (stream, metadata, tsMs, tsNs, line) => {
    row.moveToLine(stream, metadata, tsMs, tsNs, line)
    if (!predicates.every((predicate) => meets(row, predicate)) || !runStages(row, stages)) return undefined
    return { line: row.text, labels: row.labels.both() }
  }
}

/** Which lines pass a pipeline, whatever they come out as. */
export interface LineTest {
  /** Conditions of the lines as they are stored, which all that pass meet. */
  readonly predicates: readonly LinePredicate[]
  /** Asked for lines that meet these; undefined where nothing is left to ask. */
  readonly test: RowTest | undefined
}

/**
 * Compiles the stages of a log expression into a test of single lines. A line on which a stage fails
 * (`__error__`) does not pass: nothing is known of it.
 * @throws LogqlError `parse error : stage '…' : …` for a stage whose argument is none
 */
export function compileLineTest(expr: LogExpr): LineTest {
  const { row, predicates, stages } = compilePipeline(expr.stages)
  if (stages.length === 0) return { predicates, test: undefined }
  const test: RowTest = (stream, metadata, tsMs, tsNs, line) => {
    row.moveToLine(stream, metadata, tsMs, tsNs, line)
    return runStages(row, stages) && !row.labels.all().some(([name]) => name === ERROR_LABEL)
  }
  return { predicates, test }
}

function meets(row: Row, { kind, needles }: LinePredicate): boolean {
  const line = row.bytes.subarray(row.from, row.to)
  return needles.some((needle) => line.indexOf(needle) !== -1) === (kind === 'contains')
}
