import type { Attribute, Block, Expression, Statement } from '#collector/syntax/ast.ts'
import { unquoteRaw, unquoteString } from '#collector/syntax/literal.ts'
import { positionAt, type Source } from '#collector/syntax/source.ts'
import type { Place } from './finding.ts'

/** The blocks of a body with a given name, `rule` or `stage.labels`. */
export function blocksIn(body: readonly Statement[], name: string): Block[] {
  return body.filter((statement): statement is Block => statement.kind === 'block' && statement.name === name)
}

/** Every block below a body whose name fits, however deep. */
export function blocksBelow(body: readonly Statement[], name: RegExp): Block[] {
  return body.flatMap((statement) => {
    if (statement.kind !== 'block') return []
    const below = blocksBelow(statement.body, name)
    return name.test(statement.name) ? [statement, ...below] : below
  })
}

/** An attribute of a block, by name. */
export function attributeOf(block: Block, name: string): Attribute | undefined {
  return block.body.find(
    (statement): statement is Attribute => statement.kind === 'attribute' && statement.name.name === name,
  )
}

/** The text of a string literal; `undefined` for any other expression. */
export function stringOf(expression: Expression | undefined): string | undefined {
  if (expression?.kind === 'paren') return stringOf(expression.inner)
  if (expression?.kind !== 'literal') return undefined
  if (expression.type === 'string') return unquoteString(expression.text)
  return expression.type === 'raw' ? unquoteRaw(expression.text) : undefined
}

/** The texts of a list of string literals; `undefined` where anything else is in it. */
export function stringsOf(expression: Expression | undefined): string[] | undefined {
  if (expression?.kind !== 'array') return undefined
  const texts = expression.elements.map(stringOf)
  return texts.every((text) => text !== undefined) ? texts : undefined
}

/** The keys of an object literal with their places. */
export function keysOf(expression: Expression | undefined): { name: string; offset: number }[] {
  if (expression?.kind !== 'object') return []
  return expression.fields.map(({ key, start }) => ({ name: key, offset: start }))
}

/** Every reference below an expression, as dotted text: `discovery.docker.containers.targets`. */
export function referencesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'identifier':
    case 'access': {
      const path = dotted(expression)
      if (path !== undefined) return [path]
      return expression.kind === 'access' ? referencesIn(expression.target) : []
    }
    case 'array':
      return expression.elements.flatMap(referencesIn)
    case 'object':
      return expression.fields.flatMap(({ value }) => referencesIn(value))
    case 'index':
      return [...referencesIn(expression.target), ...referencesIn(expression.index)]
    case 'call':
      return expression.args.flatMap(referencesIn)
    case 'unary':
      return referencesIn(expression.operand)
    case 'binary':
      return [...referencesIn(expression.left), ...referencesIn(expression.right)]
    case 'paren':
      return referencesIn(expression.inner)
    case 'literal':
      return []
  }
}

function dotted(expression: Expression): string | undefined {
  if (expression.kind === 'identifier') return expression.name
  if (expression.kind !== 'access') return undefined
  const target = dotted(expression.target)
  return target === undefined ? undefined : `${target}.${expression.name.name}`
}

/** Every reference of a body, blocks below it included. */
export function referencesOf(body: readonly Statement[]): string[] {
  return body.flatMap((statement) =>
    statement.kind === 'attribute' ? referencesIn(statement.value) : referencesOf(statement.body),
  )
}

/** Line and column of an offset. */
export function placeAt(source: Source, offset: number): Place {
  const { line, column } = positionAt(source, offset)
  return { line, column }
}
