import { errorMessage } from '#base/errors.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { LabelMatcher } from '#store/types.ts'
import { LogqlError } from '../error.ts'
import { compileMatcher } from '../pipeline/matcher.ts'
import type { Expr, LogExpr, MetricExpr, RangeOp, Stage, VectorAggExpr, VectorOp } from './ast.ts'
import { RANGE_OPS, VECTOR_OPS } from './ast.ts'
import { Cursor } from './cursor.ts'
import { parseBinary } from './parse-binary.ts'
import { numberValue, parseNumber } from './parse-number.ts'
import { atGrouping, parseGrouping, parseRangeAgg } from './parse-range.ts'
import { parseSelectorBraces } from './parse-selector.ts'
import { atStage, parseStage } from './parse-stages.ts'
import { validateExpr } from './validate.ts'

const RANGE_TOKENS: ReadonlySet<string> = new Set(RANGE_OPS.map((op: RangeOp) => op.toUpperCase()))
const VECTOR_TOKENS: ReadonlySet<string> = new Set(VECTOR_OPS.map((op: VectorOp) => op.toUpperCase()))

/**
 * Parses and validates a query.
 * @throws LogqlError with Loki's text: `parse error at line 1, col 5: syntax error: …`, `parse error : …`
 */
export function parseExpr(text: string, options: SelectorOptions = {}): Expr {
  const cursor = new Cursor(text)
  const expr = parseBinary(cursor, parseOperand)
  if (!cursor.is('$end')) cursor.unexpected()
  if (cursor.deferredError !== undefined) throw new LogqlError(`parse error : ${cursor.deferredError}`)
  if (options.allowEmpty !== true) validateExpr(expr)
  return expr
}

/**
 * How {@link parseSelector} and {@link parseExpr} treat a selector without matchers, or one that every stream
 * fits.
 */
export interface SelectorOptions {
  /**
   * Accept `{}` and selectors that match the empty string, as the label, series and delete routes do. Default
   * false.
   */
  readonly allowEmpty?: boolean
}

/**
 * Parses a selector that stands alone: `{app="x"}`.
 * @throws LogqlError `only label matchers are supported` for anything more than matchers, else as {@link
 * parseExpr}
 */
export function parseSelector(text: string, options: SelectorOptions = {}): LabelMatcher[] {
  const cursor = new Cursor(text)
  const expr = parseBinary(cursor, parseOperand)
  if (!cursor.is('$end')) cursor.unexpected()
  if (cursor.deferredError !== undefined) throw new LogqlError(`parse error : ${cursor.deferredError}`)
  if (expr.kind !== 'log' || expr.stages.length > 0) throw new LogqlError('only label matchers are supported')
  if (options.allowEmpty !== true) validateExpr(expr)
  return expr.matchers.map(compileMatcher)
}

function parseOperand(cursor: Cursor): Expr {
  const { kind } = cursor.token
  if (kind === '{') return parseLog(cursor)
  if (kind === '(') {
    cursor.take()
    const inner = cursor.nested(() => parseBinary(cursor, parseOperand))
    cursor.expectAmongOthers(')')
    return inner
  }
  if (kind === 'NUMBER' || kind === '+' || kind === '-')
    return { kind: 'literal', value: parseNumber(cursor) }
  if (RANGE_TOKENS.has(kind)) return parseRangeAgg(cursor)
  if (VECTOR_TOKENS.has(kind)) return parseVectorAgg(cursor)
  if (kind === 'VECTOR') return parseVectorFunction(cursor)
  if (kind === 'label_replace') return parseLabelReplace(cursor)
  cursor.unexpected()
}

function parseLog(cursor: Cursor): LogExpr {
  const matchers = parseSelectorBraces(cursor)
  const stages: Stage[] = []
  while (atStage(cursor)) stages.push(parseStage(cursor))
  if (cursor.is('|') && cursor.nextKind === 'unwrap') {
    cursor.take()
    cursor.unexpected()
  }
  return { kind: 'log', matchers, stages }
}

/** An operand that must be a metric: a log expression is refused at the token that follows it. */
function parseMetricArgument(cursor: Cursor): MetricExpr {
  const expr = cursor.nested(() => parseBinary(cursor, parseOperand))
  if (expr.kind === 'log') cursor.unexpected()
  return expr
}

function parseVectorAgg(cursor: Cursor): Expr {
  const op = cursor.take().text as VectorOp
  let grouping = atGrouping(cursor) ? parseGrouping(cursor) : undefined
  cursor.expect('(', grouping === undefined ? '( or by or without' : '(')
  let param: string | undefined
  if (cursor.is('NUMBER') && cursor.nextKind === ',') {
    param = cursor.take().text
    cursor.take()
  }
  const expr = parseMetricArgument(cursor)
  cursor.expectAmongOthers(')')
  if (grouping === undefined && atGrouping(cursor)) grouping = parseGrouping(cursor)
  const result = { kind: 'vectorAgg' as const, op, param: vectorParam(cursor, op, param), expr, grouping }
  checkVectorGrouping(cursor, result)
  return result
}

function vectorParam(cursor: Cursor, op: VectorOp, text: string | undefined): number | undefined {
  const takesParam = op === 'topk' || op === 'bottomk' || op === 'approx_topk'
  if (!takesParam) {
    if (text !== undefined) cursor.defer(`unsupported parameter for operation ${op}(${text},`)
    return undefined
  }
  if (text === undefined) {
    cursor.defer(`parameter required for operation ${op}`)
    return undefined
  }
  if (!/^\d+$/.test(text) || Number(text) > Number.MAX_SAFE_INTEGER) {
    cursor.defer(`invalid parameter ${op}(${text},`)
    return undefined
  }
  const value = Number(text)
  if (value <= 0) cursor.defer(`invalid parameter (must be greater than 0) ${op}(${text}`)
  return value
}

function checkVectorGrouping(cursor: Cursor, { op, grouping }: VectorAggExpr): void {
  if (grouping === undefined) return
  if (op === 'sort' || op === 'sort_desc') cursor.defer("sort and sort_desc doesn't allow grouping by ")
  if (op === 'approx_topk') cursor.defer('grouping not allowed for approx_topk aggregation')
}

function parseVectorFunction(cursor: Cursor): Expr {
  cursor.take()
  cursor.expect('(')
  if (!cursor.is('NUMBER')) cursor.unexpected('NUMBER')
  const value = numberValue(cursor, cursor.take().text, 'vectorExpr')
  cursor.expect(')')
  return { kind: 'vector', value }
}

function parseLabelReplace(cursor: Cursor): Expr {
  cursor.take()
  cursor.expect('(')
  const expr = parseMetricArgument(cursor)
  cursor.expectAmongOthers(',')
  const dst = cursor.expect('STRING').text
  cursor.expect(',')
  const replacement = cursor.expect('STRING').text
  cursor.expect(',')
  const src = cursor.expect('STRING').text
  cursor.expect(',')
  const regex = cursor.expect('STRING').text
  cursor.expect(')')
  try {
    compileRegex(`^(?:${regex})$`)
  } catch (thrown) {
    cursor.defer(`invalid regex in label_replace: ${errorMessage(thrown)}`)
  }
  return { kind: 'labelReplace', expr, dst, replacement, src, regex }
}
