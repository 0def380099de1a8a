import { unescapeLiteral } from '../go-literals.ts'
import { lexTemplate, type TemplateToken } from './lexer.ts'
import type { Command, Operand, Pipe, TemplateNode } from './nodes.ts'
import { parseNumber } from './numbers.ts'

/** A parsed template and the templates defined in it. */
export interface ParsedTemplate {
  readonly name: string
  readonly text: string
  readonly nodes: readonly TemplateNode[]
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>
}

/** Blocks and parentheses may nest this deep. */
const MAX_DEPTH = 200

/**
 * Parses a template.
 * @param name what messages call it
 * @param isFunction whether a function of that name exists
 * @throws Error with Go's text: `template: line:1: function "foo" not defined`
 */
export function parseTemplate(
  name: string,
  text: string,
  isFunction: (name: string) => boolean,
): ParsedTemplate {
  return new TemplateParser(name, text, isFunction).parse()
}

/** What ended a list of nodes. */
type ListEnd = 'end' | 'else' | 'eof'

class TemplateParser {
  readonly #name: string
  readonly #text: string
  readonly #isFunction: (name: string) => boolean
  readonly #tokens: readonly TemplateToken[]
  readonly #defined = new Map<string, readonly TemplateNode[]>()
  #variables: string[] = ['$']
  #at = 0
  #rangeDepth = 0
  #depth = 0

  constructor(name: string, text: string, isFunction: (name: string) => boolean) {
    this.#name = name
    this.#text = text
    this.#isFunction = isFunction
    this.#tokens = lexTemplate(text)
  }

  parse(): ParsedTemplate {
    const nodes: TemplateNode[] = []
    for (;;) {
      const end = this.#list(nodes)
      if (end === 'eof') return { name: this.#name, text: this.#text, nodes, defined: this.#defined }
      this.#fail(`unexpected {{${end}}}`)
    }
  }

  get #token(): TemplateToken {
    const token = this.#tokens[this.#at]
    if (token.kind === 'error') this.#fail(token.text, token.line)
    return token
  }

  #next(): TemplateToken {
    const token = this.#token
    if (token.kind !== 'eof') this.#at++
    return token
  }

  #skipSpace(): void {
    while (this.#token.kind === 'space') this.#at++
  }

  #nextNonSpace(): TemplateToken {
    this.#skipSpace()
    return this.#next()
  }

  #fail(message: string, line?: number): never {
    const at = line ?? this.#tokens[Math.max(0, this.#at - 1)].line
    throw new Error(`template: ${this.#name}:${at}: ${message}`)
  }

  #unexpected(token: TemplateToken, context: string): never {
    this.#fail(`unexpected ${tokenText(token)} in ${context}`)
  }

  /**
   * Nodes up to an `end`, `else` or the end of the text, whose action has then been opened but not closed.
   */
  #list(into: TemplateNode[]): ListEnd {
    for (;;) {
      const token = this.#next()
      if (token.kind === 'eof') return 'eof'
      if (token.kind === 'text') {
        into.push({ kind: 'text', text: token.text })
        continue
      }
      this.#skipSpace()
      if (this.#token.kind !== 'keyword') {
        this.#backToSpace()
        into.push({ kind: 'action', pipe: this.#pipe('command', 'right') })
        continue
      }
      const keyword = this.#next()
      if (keyword.text === 'end') {
        this.#close('end')
        return 'end'
      }
      if (keyword.text === 'else') return 'else'
      this.#control(keyword, into)
    }
  }

  #backToSpace(): void {
    while (this.#tokens[this.#at - 1].kind === 'space') this.#at--
  }

  #control(keyword: TemplateToken, into: TemplateNode[]): void {
    if (++this.#depth > MAX_DEPTH) this.#fail('too deeply nested')
    switch (keyword.text) {
      case 'if':
      case 'with':
      case 'range':
        into.push(this.#branch(keyword.text, keyword.pos))
        break
      case 'break':
      case 'continue':
        this.#close(keyword.text)
        if (this.#rangeDepth === 0) this.#fail(`{{${keyword.text}}} outside {{range}}`)
        into.push({ kind: keyword.text })
        break
      case 'template':
        into.push(this.#templateCall())
        break
      case 'define':
        this.#definition(false)
        break
      case 'block':
        into.push(this.#definition(true))
        break
    }
    this.#depth--
  }

  #close(context: string): void {
    const token = this.#nextNonSpace()
    if (token.kind !== 'right') this.#unexpected(token, context)
  }

  #branch(kind: 'if' | 'with' | 'range', pos: number): TemplateNode {
    const scope = this.#variables.length
    const pipe = this.#pipe(kind, 'right')
    const body: TemplateNode[] = []
    const otherwise: TemplateNode[] = []
    if (kind === 'range') this.#rangeDepth++
    const end = this.#list(body)
    if (kind === 'range') this.#rangeDepth--
    if (end === 'eof') this.#fail('unexpected EOF')
    if (end === 'else') {
      this.#skipSpace()
      const chained = this.#token
      // `{{else if x}}` is an if inside the else; one `{{end}}` closes both.
      if (kind !== 'range' && chained.kind === 'keyword' && chained.text === kind) {
        this.#next()
        otherwise.push(this.#branch(kind, chained.pos))
      } else {
        this.#close('else')
        const elseEnd = this.#list(otherwise)
        if (elseEnd === 'eof') this.#fail('unexpected EOF')
        if (elseEnd === 'else') this.#fail('expected end; found {{else}}')
      }
    }
    this.#variables.length = scope
    const branch = { pos, pipe, body, otherwise }
    return kind === 'range' ? { kind, ...branch } : { kind, ...branch }
  }

  #templateCall(): TemplateNode {
    this.#skipSpace()
    const token = this.#next()
    const name = this.#stringOf(token, 'template clause')
    this.#skipSpace()
    if (this.#token.kind === 'right') {
      this.#next()
      return { kind: 'template', pos: token.pos, name, pipe: undefined }
    }
    return { kind: 'template', pos: token.pos, name, pipe: this.#pipe('template clause', 'right') }
  }

  #definition(isBlock: boolean): TemplateNode {
    const context = isBlock ? 'block clause' : 'define clause'
    const token = this.#nextNonSpace()
    const name = this.#stringOf(token, context)
    const pipe = isBlock ? this.#pipe(context, 'right') : undefined
    if (!isBlock) this.#close(context)
    const outer = this.#variables
    this.#variables = ['$']
    const body: TemplateNode[] = []
    const end = this.#list(body)
    this.#variables = outer
    if (end === 'eof') this.#fail('unexpected EOF')
    if (end === 'else') this.#fail(`unexpected {{else}} in ${context}`)
    this.#defined.set(name, body)
    return { kind: 'template', pos: token.pos, name, pipe }
  }

  #stringOf(token: TemplateToken, context: string): string {
    if (token.kind === 'string') return unescapeLiteral(token.text.slice(1, -1))
    if (token.kind === 'rawString') return token.text.slice(1, -1)
    this.#unexpected(token, context)
  }

  #pipe(context: string, end: 'right' | 'rightParen'): Pipe {
    this.#skipSpace()
    const { pos } = this.#token
    const { variables, declares } = this.#declarations(context)
    const commands: Command[] = []
    for (;;) {
      this.#skipSpace()
      const token = this.#token
      if (token.kind === end) {
        this.#next()
        this.#checkPipe(commands, context)
        return { pos, declares, variables, commands }
      }
      if (!STARTS_OPERAND.has(token.kind)) {
        this.#next()
        this.#unexpected(token, context)
      }
      commands.push(this.#command())
    }
  }

  /** `$x :=`, `$x =`, and in a range `$i, $e :=`. */
  #declarations(context: string): { variables: string[]; declares: boolean } {
    const variables: string[] = []
    const start = this.#at
    for (;;) {
      this.#skipSpace()
      const variable = this.#token
      if (variable.kind !== 'variable') break
      this.#next()
      this.#skipSpace()
      const after = this.#token
      if (after.kind === 'declare' || after.kind === 'assign') {
        this.#next()
        variables.push(variable.text)
        if (after.kind === 'declare') this.#variables.push(...variables)
        return { variables, declares: after.kind === 'declare' }
      }
      if (
        after.kind === 'punctuation' &&
        after.text === ',' &&
        context === 'range' &&
        variables.length === 0
      ) {
        this.#next()
        variables.push(variable.text)
        continue
      }
      break
    }
    this.#at = start
    return { variables: [], declares: false }
  }

  #checkPipe(commands: readonly Command[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`)
    for (const [i, { args }] of commands.entries()) {
      const [first] = args
      if (i > 0 && CANNOT_BE_CALLED.has(first.kind)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`)
      }
    }
  }

  #command(): Command {
    this.#skipSpace()
    const { pos } = this.#token
    const args: Operand[] = []
    for (;;) {
      this.#skipSpace()
      const operand = this.#operand()
      if (operand !== undefined) args.push(operand)
      const token = this.#next()
      if (token.kind === 'space') continue
      if (token.kind === 'right' || token.kind === 'rightParen') {
        this.#at--
        break
      }
      if (token.kind === 'pipe') break
      this.#unexpected(token, 'operand')
    }
    if (args.length === 0) this.#fail('empty command')
    return { pos, args }
  }

  #operand(): Operand | undefined {
    const term = this.#term()
    if (term === undefined || this.#token.kind !== 'field') return term
    const { pos } = this.#token
    const path: string[] = []
    while (this.#token.kind === 'field') path.push(this.#next().text.slice(1))
    if (term.kind === 'field' || term.kind === 'variable')
      return { ...term, pos, path: [...term.path, ...path] }
    if (CANNOT_HAVE_FIELDS.has(term.kind))
      this.#fail(`unexpected . after term ${JSON.stringify(termText(term))}`)
    return { kind: 'chain', pos, of: term, path }
  }

  #term(): Operand | undefined {
    const token = this.#token
    const { pos, text } = token
    if (!STARTS_OPERAND.has(token.kind)) return undefined
    this.#next()
    switch (token.kind) {
      case 'identifier':
        if (!this.#isFunction(text)) this.#fail(`function ${JSON.stringify(text)} not defined`)
        return { kind: 'function', pos, name: text }
      case 'dot':
        return { kind: 'dot', pos }
      case 'nil':
        return { kind: 'nil', pos }
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${JSON.stringify(text)}`)
        return { kind: 'variable', pos, path: [text] }
      case 'field':
        return { kind: 'field', pos, path: [text.slice(1)] }
      case 'bool':
        return { kind: 'bool', pos, value: text === 'true' }
      case 'char':
      case 'number': {
        const value = parseNumber(text)
        if (value === undefined) {
          const problem =
            token.kind === 'char' ? `malformed character constant: ${text}` : `bad number syntax: ${text}`
          this.#fail(problem)
        }
        return { kind: 'number', pos, text, value }
      }
      case 'leftParen': {
        if (++this.#depth > MAX_DEPTH) this.#fail('too deeply nested')
        const pipe = this.#pipe('parenthesized pipeline', 'rightParen')
        this.#depth--
        return { kind: 'pipe', pos, pipe }
      }
      default:
        return { kind: 'string', pos, quoted: text, value: this.#stringValue(token) }
    }
  }

  #stringValue(token: TemplateToken): string {
    try {
      return this.#stringOf(token, 'string')
    } catch {
      this.#fail('invalid syntax')
    }
  }
}

const STARTS_OPERAND: ReadonlySet<string> = new Set([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
])

const CANNOT_BE_CALLED: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string'])
const CANNOT_HAVE_FIELDS: ReadonlySet<string> = new Set(['bool', 'nil', 'number', 'string', 'dot'])

function termText(term: Operand): string {
  return term.kind === 'dot'
    ? '.'
    : term.kind === 'string'
      ? term.quoted
      : 'text' in term
        ? term.text
        : term.kind
}

/** A token as Go's messages show it. */
function tokenText({ kind, text }: TemplateToken): string {
  if (kind === 'eof') return 'EOF'
  if (kind === 'keyword') return `<${text}>`
  return text.length > 10 ? `${JSON.stringify(text.slice(0, 10))}...` : JSON.stringify(text)
}
