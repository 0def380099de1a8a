import type { Source } from './source.ts'
import type { Comment } from './token.ts'

/** Offsets of a piece of the tree in its source, end exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A name with its place. */
export interface Identifier extends Range {
  readonly kind: 'identifier'
  readonly name: string
}

/** A constant. `text` is how it was written; its value is made by `literal.ts`. */
export interface Literal extends Range {
  readonly kind: 'literal'
  readonly type: 'number' | 'float' | 'string' | 'raw' | 'bool' | 'null'
  readonly text: string
}

/** `[a, b]` */
export interface ArrayExpression extends Range {
  readonly kind: 'array'
  readonly elements: readonly Expression[]
}

/**
 * One `key = value` of an object; `key` is the name as the language sees it (string keys are not unescaped).
 */
export interface ObjectField extends Range {
  readonly key: string
  readonly keyText: string
  readonly value: Expression
}

/** `{ a = 1 }` */
export interface ObjectExpression extends Range {
  readonly kind: 'object'
  readonly fields: readonly ObjectField[]
}

/** `target.name` */
export interface AccessExpression extends Range {
  readonly kind: 'access'
  readonly target: Expression
  readonly name: Identifier
}

/** `target[index]` */
export interface IndexExpression extends Range {
  readonly kind: 'index'
  readonly target: Expression
  readonly index: Expression
}

/** `target(args)` */
export interface CallExpression extends Range {
  readonly kind: 'call'
  readonly target: Expression
  readonly args: readonly Expression[]
  /** Where the opening parenthesis stands. */
  readonly open: number
}

/** `!a`, `-a` */
export interface UnaryExpression extends Range {
  readonly kind: 'unary'
  readonly operator: '!' | '-'
  readonly operand: Expression
}

/** The operators that stand between two operands. */
export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'

/** `a + b` */
export interface BinaryExpression extends Range {
  readonly kind: 'binary'
  readonly operator: BinaryOperator
  readonly operatorAt: number
  readonly left: Expression
  readonly right: Expression
}

/** `(a)` */
export interface ParenExpression extends Range {
  readonly kind: 'paren'
  readonly inner: Expression
}

/** Anything that has a value. */
export type Expression =
  | Identifier
  | Literal
  | ArrayExpression
  | ObjectExpression
  | AccessExpression
  | IndexExpression
  | CallExpression
  | UnaryExpression
  | BinaryExpression
  | ParenExpression

/** `name = value` */
export interface Attribute extends Range {
  readonly kind: 'attribute'
  readonly name: Identifier
  readonly value: Expression
}

/** `name.of.block "label" { … }` */
export interface Block extends Range {
  readonly kind: 'block'
  /** The parts joined with dots. */
  readonly name: string
  readonly nameEnd: number
  /** `undefined` without a label; an empty label counts as none. */
  readonly label: string | undefined
  /** The label as written, with its quotes. */
  readonly labelText: string | undefined
  readonly open: number
  readonly body: readonly Statement[]
}

/** What a body consists of. */
export type Statement = Attribute | Block

/** A parsed file. */
export interface ConfigFile {
  readonly source: Source
  readonly body: readonly Statement[]
  readonly comments: readonly Comment[]
}
