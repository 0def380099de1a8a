import type { Attribute, Block, ConfigFile, Statement } from './ast.ts'
import { isIdentifier } from './literal.ts'
import { parseExpression, parseIdentifier } from './parse-expression.ts'
import { makeSource } from './source.ts'
import { describeToken, type Token } from './token.ts'
import { openTokens, SyntaxStop, type TokenStream, throwIfFailed } from './token-stream.ts'

/**
 * Parses a configuration file.
 * @throws DiagnosticsError with everything that is wrong, at most one error per line.
 */
export function parseConfig(name: string, text: string): ConfigFile {
  const source = makeSource(name, text)
  const stream = openTokens(source)
  const body = parseBody(stream, 'eof')
  throwIfFailed(stream)
  return { source, body, comments: stream.comments }
}

/**
 * Statements up to `close`, which is left for the caller. Errors are recorded and parsing goes on after them.
 */
function parseBody(stream: TokenStream, close: 'eof' | '}'): Statement[] {
  const statements: Statement[] = []
  for (;;) {
    const token = stream.peek()
    if (token.kind === close || token.kind === 'eof') return statements
    try {
      statements.push(parseStatement(stream))
      const after = stream.peek()
      if (after.kind !== close && after.kind !== 'eof') stream.expect('terminator')
    } catch (thrown) {
      if (!(thrown instanceof SyntaxStop)) throw thrown
      skipStatement(stream, token)
    }
  }
}

/**
 * Moves on to the next place where a statement may start. Brackets opened on the way are closed again first,
 * so that the inside of a broken statement is not taken for statements of its own.
 */
function skipStatement(stream: TokenStream, first: Token): void {
  if (stream.peek() === first) stream.next()
  let depth = stream.openBracesSince(first)
  for (;;) {
    const token = stream.peek()
    if (token.kind === 'eof') return
    if (depth === 0 && token.kind === 'terminator') {
      stream.next()
      // No statement starts with these: they close a list that the error was in.
      if (stream.peek().kind !== ']' && stream.peek().kind !== ')') return
      continue
    }
    if (depth === 0 && token.kind === '}') {
      // At the top there is no block to close, so the brace belongs to the broken statement.
      if (first.kind !== '}') return
    }
    if ('{[('.includes(token.kind)) depth++
    else if ('}])'.includes(token.kind)) depth = Math.max(0, depth - 1)
    stream.next()
  }
}

function parseStatement(stream: TokenStream): Statement {
  const first = parseIdentifier(stream)
  let name = first.name
  let nameEnd = first.end
  while (stream.accept('.') !== undefined) {
    const part = parseIdentifier(stream)
    name += `.${part.name}`
    nameEnd = part.end
  }
  const after = stream.peek()
  if (after.kind === '=') {
    if (name !== first.name) {
      const message = 'attribute names may only consist of a single identifier with no "."'
      stream.fail({ start: first.start, end: nameEnd }, message)
    }
    stream.next()
    return parseAttribute(stream, first)
  }
  const label = parseLabel(stream)
  if (label !== undefined && stream.peek().kind === '=') {
    stream.fail(label, 'attribute names may not have labels')
  }
  if (stream.peek().kind !== '{') {
    stream.fail(
      stream.peek(),
      `expected attribute assignment or block body, got ${describeToken(stream.peek())}`,
    )
  }
  return parseBlock(stream, { name, start: first.start, nameEnd, label })
}

function parseAttribute(stream: TokenStream, name: Attribute['name']): Attribute {
  const value = parseExpression(stream)
  return { kind: 'attribute', name, value, start: name.start, end: value.end }
}

function parseLabel(stream: TokenStream): Token | undefined {
  const token = stream.peek()
  if (token.kind === 'raw') stream.fail(token, 'expected block label to be a double quoted string')
  if (token.kind !== 'string') return undefined
  stream.next()
  const label = token.text.slice(1, -1)
  if (label !== '' && !isIdentifier(label)) {
    stream.fail(token, `expected block label to be a valid identifier, but got ${token.text}`)
  }
  return token
}

interface BlockHead {
  readonly name: string
  readonly start: number
  readonly nameEnd: number
  readonly label: Token | undefined
}

function parseBlock(stream: TokenStream, head: BlockHead): Block {
  const open = stream.expect('{')
  const body = stream.nested(() => parseBody(stream, '}'))
  const close = stream.expect('}')
  const label = head.label?.text.slice(1, -1)
  return {
    kind: 'block',
    name: head.name,
    nameEnd: head.nameEnd,
    label: label === '' ? undefined : label,
    labelText: head.label?.text,
    open: open.start,
    body,
    start: head.start,
    end: close.end,
  }
}
