import { printGoDuration, printPrometheusDuration } from '#base/duration.ts'
import { formatGoFloat } from '#base/gofloat.ts'
import { goQuote } from '#base/goquote.ts'
import type {
  BinaryExpr,
  Expr,
  Extraction,
  Grouping,
  LabelFilter,
  LineFilter,
  LogExpr,
  LogRange,
  Matcher,
  NamedTarget,
  RangeAggExpr,
  Stage,
  Unwrap,
  VectorAggExpr,
} from './ast.ts'

/** How numbers are written: so that they read back exactly, or the way Loki writes them. */
export interface PrintStyle {
  bytes(value: number): string
  vector(value: number): string
}

const EXACT: PrintStyle = { bytes: (value) => `${value}B`, vector: formatGoFloat }

/** Loki's way: sizes rounded to two digits, the argument of `vector` with six decimals. */
export const LOKI_STYLE: PrintStyle = { bytes: humanizeBytes, vector: (value) => value.toFixed(6) }

function humanizeBytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
  if (value < 10) return `${value}B`
  const exponent = Math.min(Math.floor(Math.log(value) / Math.log(1000)), units.length - 1)
  const scaled = Math.floor((value / 1000 ** exponent) * 10 + 0.5) / 10
  return `${scaled < 10 ? scaled.toFixed(1) : scaled.toFixed(0)}${units[exponent]}`
}

/** A query on one line. Parses back to the same tree. */
export function printExpr(expr: Expr, style: PrintStyle = EXACT): string {
  switch (expr.kind) {
    case 'log':
      return printLog(expr, style)
    case 'literal':
      return formatGoFloat(expr.value)
    case 'vector':
      return `vector(${style.vector(expr.value)})`
    case 'rangeAgg':
      return printRangeAgg(expr, printLogRange(expr.range, style))
    case 'vectorAgg':
      return `${printVectorAggHead(expr, ',')}(${printParam(expr)}${printExpr(expr.expr, style)})`
    case 'labelReplace':
      return `label_replace(${printExpr(expr.expr, style)},${printLabelReplaceArguments(expr)})`
    case 'binary':
      return `(${printExpr(expr.left, style)} ${printOperator(expr)} ${printExpr(expr.right, style)})`
  }
}

/** `a="b", c=~"d"` in braces. */
export function printSelector(matchers: readonly Matcher[]): string {
  return `{${matchers.map(printMatcher).join(', ')}}`
}

function printMatcher({ name, op, value }: Matcher): string {
  return name + op + quote(value)
}

/** Go's quoting; bytes that are no text are written as such. */
function quote(value: string): string {
  const quoted = goQuote(value)
  return quoted.replace(/\\udc([89a-f][0-9a-f])/g, '\\x$1')
}

function printLog({ matchers, stages }: LogExpr, style: PrintStyle): string {
  return [printSelector(matchers), ...printStages(stages, style)].join(' ')
}

/** The stages' texts. */
export function printStages(stages: readonly Stage[], style: PrintStyle = EXACT): string[] {
  return stages.map((stage) => printStage(stage, style))
}

/** One stage, with its leading operator. */
export function printStage(stage: Stage, style: PrintStyle = EXACT): string {
  switch (stage.kind) {
    case 'lineFilter':
      return printLineFilter(stage)
    case 'labelFilter':
      return `| ${printLabelFilter(stage.filter, style)}`
    case 'json':
      return `| json${printExtractions(stage.extractions)}`
    case 'logfmt': {
      const flags = `${stage.strict ? ' --strict' : ''}${stage.keepEmpty ? ' --keep-empty' : ''}`
      return `| logfmt${flags}${printExtractions(stage.extractions)}`
    }
    case 'regexp':
    case 'pattern':
      return `| ${stage.kind} ${quote(stage.pattern)}`
    case 'unpack':
    case 'decolorize':
      return `| ${stage.kind}`
    case 'lineFormat':
      return `| line_format ${quote(stage.template)}`
    case 'labelFormat':
      return `| label_format ${stage.formats
        .map(({ name, kind, value }) => `${name}=${kind === 'rename' ? value : quote(value)}`)
        .join(',')}`
    case 'drop':
    case 'keep':
      return `| ${stage.kind} ${stage.targets.map(printTarget).join(',')}`
  }
}

/** `|= "a" or ip("b")`. */
export function printLineFilter({ op, operands }: LineFilter): string {
  return `${op} ${operands.map(({ ip, value }) => (ip ? `ip(${quote(value)})` : quote(value))).join(' or ')}`
}

function printTarget(target: NamedTarget): string {
  return 'op' in target ? printMatcher(target) : target.name
}

function printExtractions(extractions: readonly Extraction[]): string {
  if (extractions.length === 0) return ''
  return ` ${extractions.map(({ name, path }) => `${name}=${quote(path)}`).join(',')}`
}

/** A label filter; combined ones in parentheses. */
export function printLabelFilter(filter: LabelFilter, style: PrintStyle = EXACT): string {
  switch (filter.kind) {
    case 'string':
      return printMatcher(filter.matcher)
    case 'ip':
      return `${filter.name}${filter.op}ip(${quote(filter.pattern)})`
    case 'compare':
      return `${filter.name}${filter.op}${printCompareValue(filter, style)}`
    case 'and':
      return `( ${printLabelFilter(filter.left, style)} , ${printLabelFilter(filter.right, style)} )`
    case 'or':
      return `( ${printLabelFilter(filter.left, style)} or ${printLabelFilter(filter.right, style)} )`
  }
}

function printCompareValue({ unit, value }: LabelFilter & { kind: 'compare' }, style: PrintStyle): string {
  if (unit === 'bytes') return style.bytes(value)
  return unit === 'duration' ? printGoDuration(value / 1e6) : formatGoFloat(value)
}

/** `{…} | json | unwrap x[5m] offset 1h0m0s`. */
function printLogRange(range: LogRange, style: PrintStyle): string {
  const unwrap = range.unwrap === undefined ? '' : ` ${printUnwrap(range.unwrap, style)}`
  return `${printLog(range.log, style)}${unwrap}${printRangeAndOffset(range)}`
}

/** `[5m] offset 1h0m0s`. */
export function printRangeAndOffset({ rangeMs, offsetMs }: LogRange): string {
  const offset = offsetMs === 0 ? '' : ` offset ${printGoDuration(offsetMs)}`
  return `[${printPrometheusDuration(rangeMs)}]${offset}`
}

/** `| unwrap duration(x) | y="z"`. */
export function printUnwrap({ label, conversion, filters }: Unwrap, style: PrintStyle = EXACT): string {
  const what = conversion === undefined ? label : `${conversion}(${label})`
  return [`| unwrap ${what}`, ...filters.map((filter) => `| ${printLabelFilter(filter, style)}`)].join(' ')
}

/** The range function around an already printed range. */
function printRangeAgg({ op, param, grouping }: RangeAggExpr, range: string): string {
  const parameter = param === undefined ? '' : `${formatGoFloat(param)},`
  return `${op}(${parameter}${range})${grouping === undefined ? '' : ` ${printGrouping(grouping, ',')}`}`
}

/** `by (a,b)`. */
export function printGrouping({ without, labels }: Grouping, separator: string): string {
  return `${without ? 'without' : 'by'} (${labels.join(separator)})`
}

/** `sum by (a)`, without the parenthesis. */
export function printVectorAggHead({ op, grouping }: VectorAggExpr, separator: string): string {
  return grouping === undefined ? op : `${op} ${printGrouping(grouping, separator)}`
}

/** `5,` of `topk(5,…)`. */
export function printParam({ param }: VectorAggExpr | RangeAggExpr): string {
  return param === undefined ? '' : `${formatGoFloat(param)},`
}

/** The four quoted arguments. */
export function printLabelReplaceArguments(expr: Expr & { kind: 'labelReplace' }): string {
  return [expr.dst, expr.replacement, expr.src, expr.regex].map(quote).join(',')
}

/** The operator with its modifiers, as Loki spaces them. */
export function printOperator({ op, bool, matching }: BinaryExpr): string {
  const text = bool ? `${op} bool` : op
  if (matching === undefined) return text
  const group = matching.many === 'none' ? '' : `group_${matching.many} (${matching.include.join(',')})`
  return `${text} ${matching.on ? 'on' : 'ignoring'} (${matching.labels.join(',')}) ${group}`
}
