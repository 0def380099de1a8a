import type { Block, ConfigFile, Statement } from './ast.ts'
import { makePrintCursor, type PrintCursor, tokenAt } from './print-cursor.ts'
import { printAssigned } from './print-expression.ts'

/**
 * Prints a file the way `alloy fmt` does: tabs, aligned `=`, a blank line before a block, trailing commas in
 * lists over several lines, comments kept, one newline at the end.
 */
export function printConfig(file: ConfigFile): string {
  const cursor = makePrintCursor(file.source, file.comments)
  printStatements(cursor, file.body)
  cursor.commentsBefore(file.source.text.length + 1)
  const text = cursor.out.toString()
  return text === '\n' ? '' : text
}

function printStatements(cursor: PrintCursor, body: readonly Statement[]): void {
  body.forEach((statement, i) => {
    startStatement(cursor, statement, i === 0)
    const lineEnds = cursor.out.lineEnds()
    if (statement.kind === 'block') printBlock(cursor, statement)
    else {
      cursor.token(statement.name.name, statement.name)
      printAssigned(cursor, statement.value, !cursor.mustBreak())
    }
    if (cursor.out.lineEnds() !== lineEnds) cursor.out.newSection()
  })
}

/** Starts the line of a statement with the comments before it. */
function startStatement(cursor: PrintCursor, statement: Statement, isFirst: boolean): void {
  if (!isFirst) cursor.trailingComment(statement.start)
  cursor.breakLine()
  const next = cursor.nextCommentBefore(statement.start) ?? statement.start
  const wantsBlank = statement.kind === 'block' || cursor.linesSince(next) > 1
  if (!isFirst && wantsBlank) cursor.out.blankLine()
  if (next === statement.start) return
  cursor.skipTo(next)
  cursor.commentsBefore(statement.start)
  const distance = cursor.linesSince(statement.start)
  if (distance === 0 && !cursor.mustBreak()) {
    cursor.write(' ')
    return
  }
  cursor.breakLine()
  if (distance > 1) cursor.out.blankLine()
}

function printBlock(cursor: PrintCursor, node: Block): void {
  const { out } = cursor
  const close = tokenAt(node.end - 1)
  cursor.token(node.name, { start: node.start, end: node.nameEnd })
  if (node.label !== undefined) cursor.token(`"${node.label}"`, tokenAt(node.nameEnd), ' ')
  cursor.token('{', tokenAt(node.open), ' ')
  const hasComment = cursor.nextCommentBefore(close.start) !== undefined
  const isInline = cursor.lineOf(node.open) === cursor.lineOf(close.start)
  if (node.body.length === 0 && (isInline || !hasComment)) {
    cursor.token('}', close, ' ')
    return
  }
  out.indent(1)
  const first = node.body[0]?.start ?? close.start
  cursor.trailingComment(first)
  cursor.breakLine()
  out.newSection()
  // No blank line after the opening brace, however far the first statement or comment is.
  cursor.skipTo(cursor.nextCommentBefore(first) ?? first)
  printStatements(cursor, node.body)
  cursor.commentsBefore(close.start)
  out.indent(-1)
  cursor.breakLine()
  out.newSection()
  cursor.token('}', close)
}
