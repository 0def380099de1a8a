import type {
  ArrayExpression,
  BinaryOperator,
  Expression,
  Identifier,
  Literal,
  ObjectExpression,
  ObjectField,
} from './ast.ts'
import { describeToken, type Token, type TokenKind } from './token.ts'
import type { TokenStream } from './token-stream.ts'

/** Binding strength of the binary operators; all group to the left but `^`. */
const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 6,
}

/**
 * Parses one expression.
 * @throws SyntaxStop after recording what is wrong.
 */
export function parseExpression(stream: TokenStream): Expression {
  return stream.nested(() => parseBinary(stream, 1))
}

/** Precedence climbing; operators weaker than `weakest` are left to the caller. */
function parseBinary(stream: TokenStream, weakest: number): Expression {
  let left = parseUnary(stream)
  for (let links = 0; ; links++) {
    const operator = binaryOperator(stream.peek().kind)
    if (operator === undefined || PRECEDENCE[operator] < weakest) return left
    const token = stream.next()
    stream.checkLength(links, token)
    const tighter = operator === '^' ? PRECEDENCE[operator] : PRECEDENCE[operator] + 1
    const right = stream.nested(() => parseBinary(stream, tighter))
    left = {
      kind: 'binary',
      operator,
      operatorAt: token.start,
      left,
      right,
      start: left.start,
      end: right.end,
    }
  }
}

function binaryOperator(kind: TokenKind): BinaryOperator | undefined {
  return kind in PRECEDENCE ? (kind as BinaryOperator) : undefined
}

function parseUnary(stream: TokenStream): Expression {
  const token = stream.peek()
  if (token.kind !== '!' && token.kind !== '-') return parsePostfix(stream)
  stream.next()
  const operand = stream.nested(() => parseUnary(stream))
  return { kind: 'unary', operator: token.kind, operand, start: token.start, end: operand.end }
}

function parsePostfix(stream: TokenStream): Expression {
  let target = parsePrimary(stream)
  for (let links = 0; ; links++) {
    const open = stream.peek()
    if (open.kind === '.') {
      stream.next()
      const name = parseIdentifier(stream)
      target = { kind: 'access', target, name, start: target.start, end: name.end }
    } else if (open.kind === '[') {
      stream.next()
      const index = parseExpression(stream)
      const close = stream.expect(']')
      target = { kind: 'index', target, index, start: target.start, end: close.end }
    } else if (open.kind === '(') {
      stream.next()
      const args = parseExpressionList(stream, ')')
      const close = stream.expect(')')
      target = { kind: 'call', target, args, open: open.start, start: target.start, end: close.end }
    } else return target
    stream.checkLength(links, open)
  }
}

/** Takes a name. @throws SyntaxStop when something else stands there. */
export function parseIdentifier(stream: TokenStream): Identifier {
  const token = stream.expect('identifier')
  return { kind: 'identifier', name: token.text, start: token.start, end: token.end }
}

const LITERALS: readonly TokenKind[] = ['number', 'float', 'string', 'raw', 'bool', 'null']

function parsePrimary(stream: TokenStream): Expression {
  const token = stream.peek()
  if (LITERALS.includes(token.kind)) {
    stream.next()
    const type = token.kind as Literal['type']
    return { kind: 'literal', type, text: token.text, start: token.start, end: token.end }
  }
  switch (token.kind) {
    case 'identifier':
      return parseName(stream)
    case '(': {
      stream.next()
      const inner = parseExpression(stream)
      const close = stream.expect(')')
      return { kind: 'paren', inner, start: token.start, end: close.end }
    }
    case '[':
      return parseArray(stream)
    case '{':
      return parseObject(stream)
    default:
      return stream.fail(token, `expected expression, got ${describeToken(token)}`)
  }
}

/** A name in an expression. Followed by a brace or a label it can only be a block that lost its way. */
function parseName(stream: TokenStream): Expression {
  const name = parseIdentifier(stream)
  const after = stream.peek()
  if (after.kind === '{' || after.kind === 'string') {
    stream.fail({ start: name.start, end: after.end }, 'cannot use a block as an expression')
  }
  return name
}

function parseArray(stream: TokenStream): ArrayExpression {
  const open = stream.expect('[')
  const elements = parseExpressionList(stream, ']')
  const close = stream.expect(']')
  return { kind: 'array', elements, start: open.start, end: close.end }
}

/** Expressions with commas between them and perhaps after the last, up to but not including `close`. */
function parseExpressionList(stream: TokenStream, close: ')' | ']'): Expression[] {
  const elements: Expression[] = []
  while (stream.peek().kind !== close) {
    elements.push(parseExpression(stream))
    if (!acceptComma(stream, close)) stream.fail(stream.peek(), "missing ',' in expression list")
  }
  return elements
}

/** True when a comma was taken or the list ends here. */
function acceptComma(stream: TokenStream, close: TokenKind): boolean {
  return stream.accept(',') !== undefined || stream.peek().kind === close
}

function parseObject(stream: TokenStream): ObjectExpression {
  const open = stream.expect('{')
  const fields: ObjectField[] = []
  while (stream.peek().kind !== '}') {
    const token = stream.peek()
    if (token.kind !== 'identifier' && token.kind !== 'string' && token.kind !== 'raw') {
      stream.fail(token, `expected field name (string or identifier), got ${describeToken(token)}`)
    }
    stream.next()
    stream.expect('=')
    const value = parseExpression(stream)
    fields.push({ key: fieldKey(token), keyText: token.text, value, start: token.start, end: value.end })
    if (!acceptComma(stream, '}')) stream.fail(stream.peek(), "missing ',' in field list")
  }
  const close = stream.expect('}')
  return { kind: 'object', fields, start: open.start, end: close.end }
}

/**
 * String keys are taken as written between the quotes, escapes and all; an empty one keeps its quotes (as
 * Alloy).
 */
function fieldKey(token: Token): string {
  if (token.kind === 'identifier' || token.text.length === 2) return token.text
  return token.text.slice(1, -1)
}
