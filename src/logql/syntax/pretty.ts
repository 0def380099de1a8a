import type { Expr, LogRange, RangeAggExpr } from './ast.ts'
import { parseExpr } from './parser.ts'
import {
  LOKI_STYLE,
  printExpr,
  printGrouping,
  printLabelReplaceArguments,
  printOperator,
  printParam,
  printRangeAndOffset,
  printSelector,
  printStages,
  printUnwrap,
  printVectorAggHead,
} from './printer.ts'

/** Longest line that is not broken up. */
const MAX_LINE = 100

/**
 * A query laid out the way Loki's `format_query` does: on one line where that is short, else one construct a
 * line.
 * @throws LogqlError where the query does not parse
 */
export function formatQuery(text: string): string {
  return pretty(parseExpr(text), 0)
}

const indent = (level: number): string => '  '.repeat(level)

function pretty(expr: Expr, level: number): string {
  const line = printExpr(expr, LOKI_STYLE)
  if (line.length <= MAX_LINE) return indent(level) + line
  const open = indent(level)
  switch (expr.kind) {
    case 'log':
      return [
        printSelector(expr.matchers),
        ...printStages(expr.stages, LOKI_STYLE).map((stage) => `  ${stage}`),
      ]
        .map((part) => open + part)
        .join('\n')
    case 'rangeAgg':
      return `${open}${expr.op}(\n${prettyRange(expr, level + 1)}\n${open})${rangeGrouping(expr)}`
    case 'vectorAgg': {
      const param = expr.param === undefined ? '' : `${indent(level + 1)}${printParam(expr)}\n`
      return `${open}${printVectorAggHead(expr, ', ')}(\n${param}${pretty(expr.expr, level + 1)}\n${open})`
    }
    case 'labelReplace': {
      const rest = printLabelReplaceArguments(expr)
        .split(/,(?=")/)
        .map((argument) => indent(level + 1) + argument)
      return `${open}label_replace(\n${pretty(expr.expr, level + 1)},\n${rest.join(',\n')}\n${open})`
    }
    case 'binary':
      return [pretty(expr.left, level + 1), open + printOperator(expr), pretty(expr.right, level + 1)].join(
        '\n',
      )
    default:
      return open + line
  }
}

function rangeGrouping({ grouping }: RangeAggExpr): string {
  return grouping === undefined ? '' : ` ${printGrouping(grouping, ', ')}`
}

function prettyRange(expr: RangeAggExpr, level: number): string {
  const { log, unwrap }: LogRange = expr.range
  const stages = printStages(log.stages, LOKI_STYLE)
  if (unwrap !== undefined) stages.push(printUnwrap(unwrap, LOKI_STYLE))
  const lines = [printSelector(log.matchers), ...stages.map((stage) => `  ${stage}`)]
  const param = expr.param === undefined ? [] : [printParam(expr)]
  const text = [...param, ...lines].map((line) => indent(level) + line).join('\n')
  return `${text} ${printRangeAndOffset(expr.range)}`
}
