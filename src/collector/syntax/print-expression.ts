import type { BinaryExpression, Expression, ObjectField, Range } from './ast.ts'
import { type PrintCursor, tokenAt } from './print-cursor.ts'

/** Prints an expression. Line breaks inside lists, and after operators, stay where the author put them. */
export function printExpression(cursor: PrintCursor, node: Expression): void {
  switch (node.kind) {
    case 'identifier':
      cursor.token(node.name, node)
      break
    case 'literal':
      cursor.token(node.text, node)
      break
    case 'array':
      printList(cursor, node.elements, ['[', ']'], node)
      break
    case 'object':
      printObject(cursor, node.fields, node)
      break
    case 'access':
      printExpression(cursor, node.target)
      cursor.token('.', tokenAt(node.target.end))
      cursor.token(node.name.name, node.name)
      break
    case 'index':
      printExpression(cursor, node.target)
      printList(cursor, [node.index], ['[', ']'], { start: node.target.end, end: node.end })
      break
    case 'call':
      printExpression(cursor, node.target)
      printList(cursor, node.args, ['(', ')'], { start: node.open, end: node.end })
      break
    case 'unary':
      cursor.token(node.operator, tokenAt(node.start))
      printExpression(cursor, node.operand)
      break
    case 'binary':
      printBinary(cursor, node)
      break
    case 'paren':
      cursor.token('(', tokenAt(node.start))
      printExpression(cursor, node.inner)
      cursor.token(')', tokenAt(node.end - 1))
      break
  }
}

function printBinary(cursor: PrintCursor, node: BinaryExpression): void {
  printExpression(cursor, node.left)
  cursor.token(node.operator, tokenAt(node.operatorAt, node.operator.length), ' ')
  cursor.commentsBefore(node.right.start)
  const breaks = cursor.mustBreak() || cursor.linesSince(node.right.start) > 0
  if (!breaks) {
    cursor.write(' ')
    printExpression(cursor, node.right)
    return
  }
  cursor.out.indent(1)
  cursor.breakLine()
  printExpression(cursor, node.right)
  cursor.out.indent(-1)
}

type Brackets = readonly [open: string, close: string]

function printList(
  cursor: PrintCursor,
  elements: readonly Expression[],
  brackets: Brackets,
  range: Range,
): void {
  const isIndex = brackets[0] === '[' && cursor.source.text[range.start] !== '['
  printBracketed(cursor, elements, brackets, range, !isIndex, (item) => printExpression(cursor, item))
}

function printObject(cursor: PrintCursor, fields: readonly ObjectField[], range: Range): void {
  printBracketed(cursor, fields, ['{', '}'], range, true, (field) => {
    const isOwnLine = cursor.out.isLineEmpty() || cursor.mustBreak()
    cursor.token(field.keyText, tokenAt(field.start, field.keyText.length))
    printAssigned(cursor, field.value, isOwnLine)
  })
}

/** ` = value` after a name; `aligns` where the name stands alone on its line. */
export function printAssigned(cursor: PrintCursor, value: Expression, aligns: boolean): void {
  const { out } = cursor
  // A comment between name and value is rare enough that the line may go unaligned.
  const hasComment = cursor.nextCommentBefore(value.start) !== undefined
  if (aligns && !hasComment) {
    out.endKey()
    out.write(' =')
  } else cursor.write(' =')
  cursor.commentsBefore(value.start)
  if (!cursor.mustBreak()) {
    cursor.write(' ')
    cursor.skipTo(value.start)
    printExpression(cursor, value)
    return
  }
  out.indent(1)
  printExpression(cursor, value)
  out.indent(-1)
}

/** Items between brackets. `takesComma` is false for an index, which may have no comma after it. */
function printBracketed<T extends Range>(
  cursor: PrintCursor,
  items: readonly T[],
  [open, close]: Brackets,
  range: Range,
  takesComma: boolean,
  printItem: (item: T) => void,
): void {
  const { out } = cursor
  const closeAt = tokenAt(range.end - 1)
  cursor.token(open, tokenAt(range.start))
  // Alloy moves the fields of an object in from its brace on, but an element of a list only where it starts a
  // line, so that `f({` … `})` does not move in twice.
  const isObject = open === '{'
  if (isObject) out.indent(1)
  items.forEach((item, i) => {
    const startsLine = cursor.linesSince(item.start) > 0
    if (startsLine && !isObject) out.indent(1)
    const hasComment = cursor.nextCommentBefore(item.start) !== undefined
    cursor.commentsBefore(item.start)
    if (cursor.mustBreak() || cursor.linesSince(item.start) > 0) {
      cursor.breakLine()
      if (i === 0) out.newSection()
    } else if (i > 0 || hasComment) cursor.write(' ')
    const lineEnds = out.lineEnds()
    printItem(item)
    const isLast = i === items.length - 1
    const breaksAfter = isLast && cursor.lineOf(item.end) !== cursor.lineOf(closeAt.start)
    if ((!isLast || breaksAfter) && takesComma) cursor.write(',')
    if (out.lineEnds() !== lineEnds) out.newSection()
    if (startsLine && !isObject) out.indent(-1)
  })
  if (!isObject) out.indent(1)
  cursor.commentsBefore(closeAt.start)
  const closesOwnLine = cursor.mustBreak() || (items.length > 0 && cursor.linesSince(closeAt.start) > 0)
  out.indent(-1)
  if (closesOwnLine && takesComma) {
    cursor.breakLine()
    out.newSection()
  }
  cursor.token(close, closeAt)
}
