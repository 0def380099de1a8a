import type { Attribute, Block, Expression } from '../syntax/ast.ts'
import { errorAt } from '../syntax/diagnostic.ts'
import type { Source } from '../syntax/source.ts'
import { addModule, type GraphBuilder, report } from './graph.ts'
import type { CustomNode, Declare, ModuleScope } from './graph-node.ts'

/** Makes a `declare` block known in its scope. */
export function readDeclare(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  if (block.label === undefined) {
    report(builder, source, block, 'block "declare" requires non-empty label')
    return
  }
  if (scope.declares.get(block.label)?.scope === scope) {
    report(builder, source, block, `declare ${block.label} already declared`)
    return
  }
  if (builder.options.registry.has(block.label)) {
    const message = `cannot declare "${block.label}": a component of that name exists`
    report(builder, source, block, message)
    return
  }
  scope.declares.set(block.label, { name: block.label, block, source, scope })
}

/** A use of a custom component: where it stands and what it means. */
export interface CustomUse {
  readonly source: Source
  readonly block: Block
  readonly scope: ModuleScope
  readonly id: string
  readonly declare: Declare
}

/**
 * Puts the body of a `declare` into the graph in place of a use of it. The nodes inside get the use's id as a
 * prefix; arguments become nodes evaluated where the use stands, so references and changes cross the border
 * like any others.
 */
export function expandCustom(builder: GraphBuilder, use: CustomUse): void {
  const { declare, id } = use
  if (builder.expanding.includes(declare.name)) {
    const names = builder.expanding.slice(builder.expanding.indexOf(declare.name))
    const what = names.length === 1 ? `self reference: ${names[0]}` : `cycle: ${names.toSorted().join(', ')}`
    builder.diagnostics.push(errorAt(undefined, what))
    return
  }
  const inner: ModuleScope = {
    moduleId: id,
    locals: new Map(),
    declares: new Map(declare.scope.declares),
    modulePath: declare.scope.modulePath,
  }
  addArguments(builder, use, inner)
  const exports = addExports(builder, use, inner)
  builder.expanding.push(declare.name)
  addModule(builder, [{ source: declare.source, body: declare.block.body }], inner)
  builder.expanding.pop()
  builder.nodes.set(id, {
    kind: 'custom',
    id,
    localId: `${use.block.name}.${use.block.label}`,
    moduleId: use.scope.moduleId,
    source: use.source,
    block: use.block,
    exports,
    dependencies: new Set(exports.values()),
  })
}

function labelled(body: Block['body'], name: string): Block[] {
  return body.filter((item): item is Block => item.kind === 'block' && item.name === name)
}

function addArguments(builder: GraphBuilder, use: CustomUse, inner: ModuleScope): void {
  const { declare, source, block } = use
  const given = givenArguments(builder, use)
  for (const argument of labelled(declare.block.body, 'argument')) {
    const name = argument.label
    if (name === undefined) {
      report(builder, declare.source, argument, 'block "argument" requires non-empty label')
      continue
    }
    const attribute = given.get(name)
    given.delete(name)
    const optional = attributeOf(argument, 'optional')?.value
    const isOptional = optional?.kind === 'literal' && optional.text === 'true'
    if (attribute === undefined && !isOptional) {
      report(builder, source, block, `missing required attribute "${name}"`)
    }
    const localId = `argument.${name}`
    if (attribute !== undefined) addValue(builder, inner, localId, source, attribute.value, use.scope)
    else addValue(builder, inner, localId, declare.source, attributeOf(argument, 'default')?.value, inner)
  }
  for (const [name, attribute] of given) {
    report(builder, source, attribute.name, `unrecognized attribute name "${name}"`)
  }
}

/** What the use sets, by name. */
function givenArguments(builder: GraphBuilder, use: CustomUse): Map<string, Attribute> {
  const given = new Map<string, Attribute>()
  for (const statement of use.block.body) {
    if (statement.kind === 'block') {
      report(builder, use.source, statement, `unrecognized block name "${statement.name}"`)
    } else if (given.has(statement.name.name)) {
      const message = `attribute "${statement.name.name}" may only be provided once`
      report(builder, use.source, statement, message)
    } else given.set(statement.name.name, statement)
  }
  return given
}

function addExports(builder: GraphBuilder, use: CustomUse, inner: ModuleScope): CustomNode['exports'] {
  const exports = new Map<string, string>()
  for (const block of labelled(use.declare.block.body, 'export')) {
    const value = attributeOf(block, 'value')
    const { source } = use.declare
    if (block.label === undefined) {
      report(builder, source, block, 'block "export" requires non-empty label')
    } else if (value === undefined) report(builder, source, block, 'missing required attribute "value"')
    else {
      exports.set(block.label, addValue(builder, inner, `export.${block.label}`, source, value.value, inner))
    }
  }
  return exports
}

function attributeOf(block: Block, name: string): Attribute | undefined {
  return block.body.find((item): item is Attribute => item.kind === 'attribute' && item.name.name === name)
}

function addValue(
  builder: GraphBuilder,
  inner: ModuleScope,
  localId: string,
  source: Source,
  expression: Expression | undefined,
  scope: ModuleScope,
): string {
  const id = `${inner.moduleId}/${localId}`
  const { moduleId } = inner
  const dependencies = new Set<string>()
  builder.nodes.set(id, { kind: 'value', id, localId, moduleId, source, expression, scope, dependencies })
  if (localId.startsWith('argument.')) inner.locals.set(localId, id)
  return id
}
