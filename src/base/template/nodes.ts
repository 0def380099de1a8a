/**
 * The tree of a Go text/template. `pos` is an offset into the text; names and printing follow Go's parse
 * package.
 */

/** An operand of a command. */
export type Operand =
  | { readonly kind: 'dot' | 'nil'; readonly pos: number }
  | { readonly kind: 'bool'; readonly pos: number; readonly value: boolean }
  | { readonly kind: 'number'; readonly pos: number; readonly text: string; readonly value: bigint | number }
  | { readonly kind: 'string'; readonly pos: number; readonly quoted: string; readonly value: string }
  | { readonly kind: 'field'; readonly pos: number; readonly path: readonly string[] }
  /** `$x.a.b`: `path[0]` is the variable with its dollar sign. */
  | { readonly kind: 'variable'; readonly pos: number; readonly path: readonly string[] }
  | { readonly kind: 'function'; readonly pos: number; readonly name: string }
  | { readonly kind: 'pipe'; readonly pos: number; readonly pipe: Pipe }
  /** `(pipeline).a.b` or `func.a.b`. */
  | { readonly kind: 'chain'; readonly pos: number; readonly of: Operand; readonly path: readonly string[] }

/** A command: its first operand is what is called, or the value itself. */
export interface Command {
  readonly pos: number
  readonly args: readonly Operand[]
}

/** Commands that feed one another, and the variables that get the result. */
export interface Pipe {
  readonly pos: number
  readonly declares: boolean
  readonly variables: readonly string[]
  readonly commands: readonly Command[]
}

/** A block with an alternative. */
export interface Branch {
  readonly pos: number
  readonly pipe: Pipe
  readonly body: readonly TemplateNode[]
  readonly otherwise: readonly TemplateNode[]
}

/** What a template is made of. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | (Branch & { readonly kind: 'if' | 'with' })
  | (Branch & { readonly kind: 'range' })
  | {
      readonly kind: 'template'
      readonly pos: number
      readonly name: string
      readonly pipe: Pipe | undefined
    }
  | { readonly kind: 'break' | 'continue' }

/** An operand as Go prints it in messages. */
export function operandText(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(operand.value)
    case 'number':
      return operand.text
    case 'string':
      return operand.quoted
    case 'field':
      return operand.path.map((name) => `.${name}`).join('')
    case 'variable':
      return operand.path.join('.')
    case 'function':
      return operand.name
    case 'pipe':
      return `(${pipeText(operand.pipe)})`
    case 'chain':
      return operandText(operand.of) + operand.path.map((name) => `.${name}`).join('')
  }
}

/** A command as Go prints it. */
export function commandText({ args }: Command): string {
  return args.map(operandText).join(' ')
}

/** A pipeline as Go prints it. */
export function pipeText({ declares, variables, commands }: Pipe): string {
  const head = variables.length === 0 ? '' : `${variables.join(', ')} ${declares ? ':=' : '='} `
  return head + commands.map(commandText).join(' | ')
}
