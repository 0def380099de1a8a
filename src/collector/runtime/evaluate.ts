import type { Expression, Literal, Range } from '../syntax/ast.ts'
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
export function evaluate(source: Source, expression: Expression, scope: Scope): Value {
  const fail = (range: Range, message: string): never => {
    throw new DiagnosticsError([errorAt({ source, start: range.start, end: range.end }, message)])
  }
  const run = (node: Expression): Value => {
    switch (node.kind) {
      case 'identifier':
      case 'access':
        return reference(node)
      case 'literal':
        return literalValue(node)
      case 'array':
        return node.elements.map(run)
      case 'object':
        return new Map(node.fields.map((field) => [field.key, run(field.value)]))
      case 'index':
        return index(node)
      case 'call':
        return call(node)
      case 'paren':
        return run(node.inner)
      case 'unary':
        return operator(node, [node.operand, node.operand], () =>
          applyUnary(node.operator, run(node.operand)),
        )
      case 'binary': {
        const left = run(node.left)
        const right = run(node.right)
        return operator(node, [node.left, node.right], () => applyBinary(node.operator, left, right))
      }
    }
  }

  const operator = (node: Range, sides: readonly [Expression, Expression], apply: () => Value): Value => {
    try {
      return apply()
    } catch (thrown) {
      if (thrown instanceof OperandError) {
        const side = thrown.side === 'left' ? sides[0] : sides[1]
        return fail(side, `${sourceText(source, side)} ${thrown.message}`)
      }
      if (thrown instanceof DiagnosticsError || !(thrown instanceof Error)) throw thrown
      return fail(node, thrown.message)
    }
  }

  const reference = (node: Extract<Expression, { kind: 'identifier' | 'access' }>): Value => {
    const chain = dottedChain(node)
    if (chain === undefined) return node.kind === 'access' ? access(run(node.target), node) : null
    const found = scope.resolve(chain.map((part) => part.name))
    if (found === undefined) return fail(chain[0], `identifier "${chain[0].name}" does not exist`)
    let value = found.value
    for (const part of chain.slice(found.used)) value = accessField(value, part)
    return value
  }
  const access = (value: Value, node: Extract<Expression, { kind: 'access' }>): Value =>
    accessField(value, node.name)
  const accessField = (value: Value, name: Range & { readonly name: string }): Value => {
    if (!isObject(value))
      return fail(name, `cannot access field "${name.name}" on value of type ${typeName(value)}`)
    const field = value.get(name.name)
    return field === undefined ? fail(name, `field "${name.name}" does not exist`) : field
  }

  const index = (node: Extract<Expression, { kind: 'index' }>): Value => {
    const target = run(node.target)
    const key = run(node.index)
    if (isArray(target)) {
      if (!isNumber(key)) return fail(node.index, `expected number, got ${typeName(key)}`)
      const at = Math.trunc(Number(key))
      const inside = at >= 0 && at < target.length
      if (inside) return target[at]
      return fail(node.index, `index ${at} is out of range of array with length ${target.length}`)
    }
    if (isObject(target)) {
      if (typeof key !== 'string') return fail(node.index, `expected string, got ${typeName(key)}`)
      return target.get(key) ?? null
    }
    return fail(node.target, `expected object or array, got ${typeName(target)}`)
  }

  const call = (node: Extract<Expression, { kind: 'call' }>): Value => {
    const target = run(node.target)
    if (!isFunction(target)) return fail(node.target, `expected function, got ${typeName(target)}`)
    const args = node.args.map(run)
    try {
      return target.call(args)
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      return fail(node, `${target.name}: ${thrown.message}`)
    }
  }
  return run(expression)
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
export function dottedChain(node: Expression): Extract<Expression, { kind: 'identifier' }>[] | undefined {
  if (node.kind === 'identifier') return [node]
  if (node.kind !== 'access') return undefined
  const front = dottedChain(node.target)
  return front === undefined ? undefined : [...front, node.name]
}

/** Calls `visit` for the longest dotted chains of an expression: everything in it that may be a reference. */
export function visitChains(
  node: Expression,
  visit: (chain: Extract<Expression, { kind: 'identifier' }>[]) => void,
): void {
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
