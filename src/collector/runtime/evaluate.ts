import type { Expression, Identifier, Literal, Range } from '../syntax/ast.ts'
import { DiagnosticsError, errorAt } from '../syntax/diagnostic.ts'
import { parseNumberLiteral, unquoteRaw, unquoteString } from '../syntax/literal.ts'
import type { Source } from '../syntax/source.ts'
import { applyBinary, applyUnary, OperandError } from './operators.ts'
import { isArray, isFunction, isNumber, isObject, typeName, type Value } from './value.ts'

/** What names mean at one place of the configuration. */
export interface Scope {
  /**
   * The value of the longest front part of a dotted chain that names something, and how many parts it took;
   * `undefined` when nothing has that name.
   */
  resolve(chain: readonly string[]): { readonly value: Value; readonly used: number } | undefined
}

/**
 * Evaluates an expression. Both sides of `&&` and `||` are always evaluated, as in Alloy.
 * @throws DiagnosticsError with the place of what is wrong.
 */
export function evaluate(source: Source, node: Expression, scope: Scope): Value {
  const run = (child: Expression): Value => evaluate(source, child, scope)
  switch (node.kind) {
    case 'identifier':
    case 'access':
      return evaluateReference(source, node, scope)
    case 'literal':
      return literalValue(node)
    case 'array':
      return node.elements.map(run)
    case 'object':
      return new Map(node.fields.map((field) => [field.key, run(field.value)]))
    case 'index':
      return elementOf(source, node, run(node.target), run(node.index))
    case 'call':
      return callFunction(source, node, run(node.target), node.args.map(run))
    case 'paren':
      return run(node.inner)
    case 'unary': {
      const operand = run(node.operand)
      return operate(source, node, [node.operand, node.operand], () => applyUnary(node.operator, operand))
    }
    case 'binary': {
      const left = run(node.left)
      const right = run(node.right)
      return operate(source, node, [node.left, node.right], () => applyBinary(node.operator, left, right))
    }
  }
}

function fail(source: Source, range: Range, message: string): never {
  throw new DiagnosticsError([errorAt({ source, start: range.start, end: range.end }, message)])
}

/** Runs an operator and puts a place on what it throws. */
function operate(
  source: Source,
  node: Range,
  sides: readonly [left: Expression, right: Expression],
  apply: () => Value,
): Value {
  try {
    return apply()
  } catch (thrown) {
    if (thrown instanceof OperandError) {
      const side = thrown.side === 'left' ? sides[0] : sides[1]
      return fail(source, side, `${sourceText(source, side)} ${thrown.message}`)
    }
    if (!(thrown instanceof Error)) throw thrown
    return fail(source, node, thrown.message)
  }
}

type Access = Extract<Expression, { kind: 'access' }>

function evaluateReference(source: Source, node: Identifier | Access, scope: Scope): Value {
  const chain = dottedChain(node)
  if (chain === undefined) {
    // Only an access to something computed is no chain: `f(x).name`.
    return node.kind === 'access' ? fieldOf(source, evaluate(source, node.target, scope), node.name) : null
  }
  const found = scope.resolve(chain.map((part) => part.name))
  if (found === undefined) return fail(source, chain[0], `identifier "${chain[0].name}" does not exist`)
  return chain.slice(found.used).reduce((value, part) => fieldOf(source, value, part), found.value)
}

function fieldOf(source: Source, value: Value, { name, start, end }: Identifier): Value {
  if (!isObject(value)) {
    const message = `cannot access field "${name}" on value of type ${typeName(value)}`
    return fail(source, { start, end }, message)
  }
  return (
    value.get(name) ??
    (value.has(name) ? null : fail(source, { start, end }, `field "${name}" does not exist`))
  )
}

function elementOf(
  source: Source,
  node: Extract<Expression, { kind: 'index' }>,
  target: Value,
  key: Value,
): Value {
  if (isArray(target)) {
    if (!isNumber(key)) return fail(source, node.index, `expected number, got ${typeName(key)}`)
    const at = Math.trunc(Number(key))
    if (at >= 0 && at < target.length) return target[at]
    return fail(source, node.index, `index ${at} is out of range of array with length ${target.length}`)
  }
  if (isObject(target)) {
    if (typeof key !== 'string') return fail(source, node.index, `expected string, got ${typeName(key)}`)
    return target.get(key) ?? null
  }
  return fail(source, node.target, `expected object or array, got ${typeName(target)}`)
}

function callFunction(
  source: Source,
  node: Extract<Expression, { kind: 'call' }>,
  target: Value,
  args: readonly Value[],
): Value {
  if (!isFunction(target)) return fail(source, node.target, `expected function, got ${typeName(target)}`)
  try {
    return target.call(args)
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    return fail(source, node, `${target.name}: ${thrown.message}`)
  }
}

/** The value of a constant. */
function literalValue(node: Literal): Value {
  switch (node.type) {
    case 'number':
    case 'float':
      return parseNumberLiteral(node.text)
    case 'string':
      return unquoteString(node.text)
    case 'raw':
      return unquoteRaw(node.text)
    case 'bool':
      return node.text === 'true'
    case 'null':
      return null
  }
}

/** An expression as its author wrote it, for messages. */
export function sourceText(source: Source, range: Range): string {
  return source.text.slice(range.start, range.end)
}

/** The parts of `a.b.c`, or `undefined` where the expression is not such a chain. */
export function dottedChain(node: Expression): Identifier[] | undefined {
  if (node.kind === 'identifier') return [node]
  if (node.kind !== 'access') return undefined
  const front = dottedChain(node.target)
  return front === undefined ? undefined : [...front, node.name]
}

/** Calls `visit` for the longest dotted chains of an expression: everything in it that may be a reference. */
export function visitChains(node: Expression, visit: (chain: Identifier[]) => void): void {
  const chain = dottedChain(node)
  if (chain !== undefined) visit(chain)
  else for (const child of childExpressions(node)) visitChains(child, visit)
}

function childExpressions(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'array':
      return node.elements
    case 'object':
      return node.fields.map((field) => field.value)
    case 'access':
      return [node.target]
    case 'index':
      return [node.target, node.index]
    case 'call':
      return [node.target, ...node.args]
    case 'unary':
      return [node.operand]
    case 'binary':
      return [node.left, node.right]
    case 'paren':
      return [node.inner]
    default:
      return []
  }
}
