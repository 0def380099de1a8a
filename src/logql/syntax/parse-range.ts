import type { Grouping, LogRange, RangeAggExpr, RangeOp, Stage, Unwrap, UnwrapConversion } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { parseLabelFilter } from './parse-label-filter.ts'
import { numberValue } from './parse-number.ts'
import { parseSelectorBraces } from './parse-selector.ts'
import { atStage, parseStage } from './parse-stages.ts'

const CONVERSIONS: ReadonlyMap<string, UnwrapConversion> = new Map([
  ['BYTES_CONV', 'bytes'],
  ['DURATION_CONV', 'duration'],
  ['DURATION_SECONDS_CONV', 'duration_seconds'],
])

const UNWRAP_FORBIDDEN: ReadonlySet<RangeOp> = new Set(['count_over_time', 'bytes_over_time', 'bytes_rate'])
const UNWRAP_OPTIONAL: ReadonlySet<RangeOp> = new Set(['rate', 'absent_over_time'])
const GROUPING_ALLOWED: ReadonlySet<RangeOp> = new Set([
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'stdvar_over_time',
  'stddev_over_time',
  'quantile_over_time',
  'first_over_time',
  'last_over_time',
])

/** A range function with the cursor on its name: `rate({…} | json [5m])`. */
export function parseRangeAgg(cursor: Cursor): RangeAggExpr {
  const op = cursor.take().text as RangeOp
  cursor.expect('(')
  let param: number | undefined
  if (cursor.is('NUMBER')) {
    param = numberValue(cursor, cursor.take().text)
    cursor.expect(',')
    if (!cursor.is('{') && !cursor.is('(')) cursor.unexpected('{ or (')
  } else if (!cursor.is('{') && !cursor.is('(')) {
    cursor.unexpected('NUMBER or { or (')
  }
  const range = parseLogRange(cursor)
  cursor.expect(')')
  const grouping = atGrouping(cursor) ? parseGrouping(cursor) : undefined
  const expr: RangeAggExpr = { kind: 'rangeAgg', op, param, range, grouping }
  checkRangeAgg(cursor, expr)
  return expr
}

function checkRangeAgg(cursor: Cursor, { op, param, range, grouping }: RangeAggExpr): void {
  const isQuantile = op === 'quantile_over_time'
  if (param !== undefined && !isQuantile) {
    cursor.defer(`parameter ${param} not supported for operation ${op}`)
  } else if (param === undefined && isQuantile) {
    cursor.defer(`parameter required for operation ${op}`)
  }
  if (grouping !== undefined && !GROUPING_ALLOWED.has(op)) {
    cursor.defer(`grouping not allowed for ${op} aggregation`)
  }
  if (range.unwrap !== undefined && UNWRAP_FORBIDDEN.has(op)) {
    cursor.defer(`invalid aggregation ${op} with unwrap`)
  } else if (range.unwrap === undefined && !UNWRAP_FORBIDDEN.has(op) && !UNWRAP_OPTIONAL.has(op)) {
    cursor.defer(`invalid aggregation ${op} without unwrap`)
  }
}

/** Whether `by` or `without` is at the cursor. */
export function atGrouping(cursor: Cursor): boolean {
  return cursor.is('by') || cursor.is('without')
}

/** `by (a, b)` or `without (a, b)`. */
export function parseGrouping(cursor: Cursor): Grouping {
  const without = cursor.take().kind === 'without'
  return { without, labels: parseLabelList(cursor) }
}

/** `(a, b)`, possibly empty. */
export function parseLabelList(cursor: Cursor): string[] {
  cursor.expect('(')
  if (cursor.accept(')')) return []
  const labels = [cursor.expect('IDENTIFIER', 'IDENTIFIER or )').text]
  while (!cursor.accept(')')) {
    cursor.expect(',', ', or )')
    labels.push(cursor.expect('IDENTIFIER').text)
  }
  return labels
}

/** What is inside the parentheses of a log range before and after its `[5m]`. */
interface RangeParts {
  matchers: LogRange['log']['matchers']
  stages: Stage[]
  unwrap: Unwrap | undefined
}

/**
 * The argument of a range function. The pipeline may stand before or after the range, not on both sides;
 * `unwrap` is last; parentheses may surround the whole, or what stands before the range.
 */
function parseLogRange(cursor: Cursor): LogRange {
  if (!cursor.is('(')) return parseBareRange(cursor, parseParts(cursor))
  cursor.take()
  const inner = cursor.nested(() => parseInParens(cursor))
  if ('rangeMs' in inner) return inner
  return parseBareRange(cursor, inner)
}

/** After `(`: either a whole log range, or only the part before a range that follows the parenthesis. */
function parseInParens(cursor: Cursor): LogRange | RangeParts {
  if (cursor.is('(')) {
    cursor.take()
    const inner = cursor.nested(() => parseInParens(cursor))
    const whole = 'rangeMs' in inner || !cursor.is('RANGE') ? inner : parseBareRange(cursor, inner)
    if ('rangeMs' in whole) cursor.expect(')')
    else cursor.expectAmongOthers(')')
    return whole
  }
  if (!cursor.is('{')) cursor.unexpected('{ or (')
  const parts = parseParts(cursor)
  const whole = cursor.is('RANGE') ? parseBareRange(cursor, parts) : parts
  if (!cursor.is(')')) {
    if ('rangeMs' in whole) cursor.unexpected(')')
    cursor.unexpected(whole.unwrap === undefined ? undefined : 'RANGE or ) or |')
  }
  cursor.take()
  return whole
}

function parseParts(cursor: Cursor): RangeParts {
  const matchers = parseSelectorBraces(cursor)
  const stages = parseStages(cursor)
  return { matchers, stages, unwrap: parseUnwrap(cursor) }
}

function parseStages(cursor: Cursor): Stage[] {
  const stages: Stage[] = []
  while (atStage(cursor)) stages.push(parseStage(cursor))
  return stages
}

/** The `[5m]` after what was read so far, its offset, and, where none came before, the pipeline behind it. */
function parseBareRange(cursor: Cursor, parts: RangeParts): LogRange {
  const { matchers } = parts
  const bare = parts.stages.length === 0 && parts.unwrap === undefined
  if (!cursor.is('RANGE')) cursor.unexpected(parts.unwrap === undefined ? undefined : 'RANGE or |')
  const rangeMs = cursor.take().value
  let offsetMs = 0
  if (cursor.accept('offset')) offsetMs = cursor.expect('DURATION').value / 1e6
  const stages = bare ? parseStages(cursor) : parts.stages
  const unwrap = bare ? parseUnwrap(cursor) : parts.unwrap
  return { log: { kind: 'log', matchers, stages }, rangeMs, offsetMs, unwrap }
}

function parseUnwrap(cursor: Cursor): Unwrap | undefined {
  if (!cursor.is('|') || cursor.nextKind !== 'unwrap') return undefined
  cursor.take()
  cursor.take()
  const conversion = CONVERSIONS.get(cursor.token.kind)
  let label: string
  if (conversion === undefined) {
    label = cursor.expect(
      'IDENTIFIER',
      'IDENTIFIER or BYTES_CONV or DURATION_CONV or DURATION_SECONDS_CONV',
    ).text
  } else {
    cursor.take()
    cursor.expect('(')
    label = cursor.expect('IDENTIFIER').text
    cursor.expect(')')
  }
  const filters = []
  while (cursor.accept('|')) {
    if (!cursor.is('IDENTIFIER') && !cursor.is('(')) cursor.unexpected('IDENTIFIER or (')
    filters.push(parseLabelFilter(cursor))
  }
  return { label, conversion, filters }
}
