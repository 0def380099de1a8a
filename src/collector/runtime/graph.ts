import { nearest } from '#base/suggest.ts'
import type { Block, Expression, Range, Statement } from '../syntax/ast.ts'
import { type Diagnostic, errorAt, warningAt } from '../syntax/diagnostic.ts'
import { positionAt, type Source } from '../syntax/source.ts'
import type { ComponentDefinition } from './component.ts'
import { CONFIG_BLOCKS, IGNORED_BLOCKS } from './config-block.ts'
import { expandCustom, readDeclare } from './declare.ts'
import { visitChains } from './evaluate.ts'
import { expandForeach } from './foreach.ts'
import { findNode, type Graph, type GraphNode, type ImportedPath, type ModuleScope } from './graph-node.ts'
import { orderGraph } from './graph-order.ts'
import { readImport } from './import.ts'
import type { RemoteImport, RemoteModules } from './remote-modules.ts'
import { DEPRECATED_NAMES, STDLIB } from './stdlib/stdlib.ts'
import { unsupportedComponent } from './unsupported.ts'
import type { Value } from './value.ts'

/** Least maturity a component must have to be used, from strict to lax. */
export type Stability = 'generally-available' | 'public-preview' | 'experimental'

const STABILITIES: readonly Stability[] = ['experimental', 'public-preview', 'generally-available']

/** What the configuration is linked against. */
export interface GraphOptions {
  readonly registry: ReadonlyMap<string, ComponentDefinition>
  readonly stability: Stability
  /** What the collections of `foreach` blocks were last, by the id of the block. */
  readonly collections?: ReadonlyMap<string, Value>
  /** Modules that were fetched. */
  readonly remotes?: Pick<RemoteModules, 'get'>
}

/** A graph under construction. */
export interface GraphBuilder {
  readonly options: GraphOptions
  readonly nodes: Map<string, GraphNode>
  readonly diagnostics: Diagnostic[]
  /** Where each node was declared, for the message about a second one. */
  readonly places: Map<string, { source: Source; start: number }>
  /** Names of the custom components being expanded, outermost first. */
  readonly expanding: string[]
  readonly imports: ImportedPath[]
  readonly remotes: Map<string, RemoteImport>
  readonly collections: Map<string, Value | undefined>
}

/** A body with the file it stands in. */
export interface Part {
  readonly source: Source
  readonly body: readonly Statement[]
}

/**
 * Links parsed files into one graph: finds each block's definition, turns references into edges, rejects what
 * is unknown, declared twice or circular. The graph is whole only if no diagnostic is an error.
 */
export function buildGraph(
  parts: readonly Part[],
  options: GraphOptions,
): { graph: Graph; diagnostics: Diagnostic[] } {
  const builder: GraphBuilder = {
    options,
    nodes: new Map(),
    diagnostics: [],
    places: new Map(),
    expanding: [],
    imports: [],
    remotes: new Map(),
    collections: new Map(),
  }
  const scope: ModuleScope = { moduleId: '', locals: new Map(), declares: new Map(), modulePath: '' }
  addModule(builder, parts, scope)
  linkNodes(builder)
  const ordered = orderGraph(builder.nodes)
  const { imports, collections } = builder
  const graph = { ...ordered.graph, imports, collections, remotes: [...builder.remotes.values()] }
  return { graph, diagnostics: [...builder.diagnostics, ...ordered.diagnostics] }
}

/**
 * Adds the blocks of a module to the graph; those that define names first, so that order in the file is free.
 */
export function addModule(builder: GraphBuilder, parts: readonly Part[], scope: ModuleScope): void {
  for (const { source, body } of parts) {
    for (const statement of body) {
      if (statement.kind !== 'block') continue
      if (statement.name === 'declare') readDeclare(builder, source, statement, scope)
      else if (statement.name.startsWith('import.')) readImport(builder, source, statement, scope)
    }
  }
  for (const { source, body } of parts) {
    for (const statement of body) {
      if (statement.kind === 'attribute') {
        const message = `unrecognized attribute ${statement.name.name}`
        report(builder, source, statement.name, message)
      } else addBlock(builder, source, statement, scope)
    }
  }
}

/** Records an error at a range of a source. */
export function report(builder: GraphBuilder, source: Source, range: Range, message: string): void {
  builder.diagnostics.push(errorAt({ source, start: range.start, end: range.end }, message))
}

/** Blocks that are handled before or elsewhere. */
const STRUCTURAL = ['declare', 'argument', 'export']

function addBlock(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  const { name } = block
  if (STRUCTURAL.includes(name)) {
    const isInDeclare = scope.moduleId !== '' && scope.constants === undefined
    if (!isInDeclare && (name === 'argument' || name === 'export')) {
      report(builder, source, headRange(block), `the block "${name}" may only be used inside a declare`)
    }
    return
  }
  if (name === 'foreach') {
    addForeach(builder, source, block, scope)
    return
  }
  if (name.startsWith('import.')) return
  if (Object.hasOwn(CONFIG_BLOCKS, name) || IGNORED_BLOCKS.has(name)) {
    addConfigBlock(builder, source, block, scope)
    return
  }
  const declare = scope.declares.get(name)
  const definition = builder.options.registry.get(name)
  if (declare === undefined && definition === undefined) {
    const unsupported = unsupportedComponent(name)
    if (unsupported !== undefined) {
      report(builder, source, headRange(block), unsupported)
      return
    }
    const near = nearest(name, [...builder.options.registry.keys(), ...scope.declares.keys()])
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    report(builder, source, headRange(block), `cannot find the definition of component name "${name}"${hint}`)
    return
  }
  if (block.label === undefined) {
    report(builder, source, headRange(block), `component "${name}" must have a label`)
    return
  }
  const id = claimId(builder, source, block, scope)
  if (id === undefined) return
  if (declare !== undefined) {
    expandCustom(builder, { source, block, scope, id, declare })
    return
  }
  if (definition === undefined) return
  const { stability } = definition
  if (!isStable(builder, source, block, { what: 'component', name, stability })) return
  const localId = `${name}.${block.label}`
  const { moduleId } = scope
  const dependencies = new Set<string>()
  builder.nodes.set(id, {
    kind: 'component',
    id,
    localId,
    moduleId,
    source,
    block,
    scope,
    definition,
    dependencies,
  })
}

function addForeach(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  if (block.label === undefined) {
    report(builder, source, headRange(block), 'block "foreach" requires non-empty label')
    return
  }
  const what = { what: 'config block', name: 'foreach', stability: 'experimental' } as const
  if (!isStable(builder, source, block, what)) return
  const id = claimId(builder, source, block, scope)
  if (id === undefined) return
  // What is inside cannot be reached from outside.
  scope.locals.delete(`foreach.${block.label}`)
  expandForeach(builder, { source, block, scope, id })
}

function addConfigBlock(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  const { name } = block
  if (scope.moduleId !== '') {
    report(builder, source, headRange(block), `the block "${name}" may not be used inside a declare`)
    return
  }
  if (block.label !== undefined) {
    report(builder, source, headRange(block), `block "${name}" does not support specifying labels`)
    return
  }
  const id = claimId(builder, source, block, scope)
  if (id === undefined) return
  const ignored = IGNORED_BLOCKS.get(name)
  if (ignored !== undefined) {
    const span = { source, start: block.start, end: block.nameEnd }
    builder.diagnostics.push(warningAt(span, ignored))
    return
  }
  const { schema, isService } = CONFIG_BLOCKS[name]
  const dependencies = new Set<string>()
  const { moduleId } = scope
  builder.nodes.set(id, {
    kind: 'config',
    id,
    localId: name,
    moduleId,
    source,
    block,
    scope,
    schema,
    isService,
    dependencies,
  })
}

/** Takes the block's id for it; `undefined`, with a diagnostic, when another block has it. */
function claimId(
  builder: GraphBuilder,
  source: Source,
  block: Block,
  scope: ModuleScope,
): string | undefined {
  const localId = block.label === undefined ? block.name : `${block.name}.${block.label}`
  const id = scope.moduleId === '' ? localId : `${scope.moduleId}/${localId}`
  const place = builder.places.get(id)
  if (place !== undefined) {
    const { line, column } = positionAt(place.source, place.start)
    const where = `${place.source.name}:${line}:${column}`
    report(builder, source, block, `block ${localId} already declared at ${where}`)
    return undefined
  }
  builder.places.set(id, { source, start: block.start })
  scope.locals.set(localId, id)
  const [first] = localId.split('.')
  if (STDLIB.has(first)) {
    const span = { source, start: block.start, end: block.nameEnd }
    const message = `the block ${localId} shadows "${first}" of the standard library`
    builder.diagnostics.push(warningAt(span, message))
  }
  return id
}

function isStable(
  builder: GraphBuilder,
  source: Source,
  block: Block,
  { what, name, stability }: { what: string; name: string; stability: Stability },
): boolean {
  const least = builder.options.stability
  if (STABILITIES.indexOf(stability) >= STABILITIES.indexOf(least)) return true
  const message =
    `${what} "${name}" is at stability level "${stability}", which is below the ` +
    `minimum allowed stability level "${least}". Use --stability.level command-line flag to enable ` +
    `"${stability}" features`
  report(builder, source, headRange(block), message)
  return false
}

function headRange(block: Block): Range {
  return {
    start: block.start,
    end: block.nameEnd + (block.labelText === undefined ? 0 : block.labelText.length + 1),
  }
}

/** Turns the references of every node into edges. */
function linkNodes(builder: GraphBuilder): void {
  for (const node of builder.nodes.values()) {
    if (node.kind === 'custom') continue
    const link = (expression: Expression): void => linkExpression(builder, node, expression)
    if (node.kind === 'value') {
      if (node.expression !== undefined) link(node.expression)
    } else visitExpressions(node.block.body, link)
  }
}

function visitExpressions(body: readonly Statement[], visit: (expression: Expression) => void): void {
  for (const statement of body) {
    if (statement.kind === 'attribute') visit(statement.value)
    else visitExpressions(statement.body, visit)
  }
}

function linkExpression(
  builder: GraphBuilder,
  node: Exclude<GraphNode, { kind: 'custom' }>,
  expression: Expression,
): void {
  visitChains(expression, (chain) => {
    const names = chain.map((part) => part.name)
    if (node.scope.constants?.has(names[0])) return
    const range = { start: chain[0].start, end: chain[chain.length - 1].end }
    const found = findNode(node.scope, names)
    if (found !== undefined) {
      node.dependencies.add(found.id)
      return
    }
    if (node.scope.modulePath !== '' && names[0] === 'module_path') return
    if (STDLIB.has(names[0])) {
      const replacement = DEPRECATED_NAMES.get(names[0])
      if (replacement === undefined) return
      const message = `"${names[0]}" is deprecated; use "${replacement}"`
      builder.diagnostics.push(warningAt({ source: node.source, ...range }, message))
      return
    }
    const near = nearest(names.join('.'), referenceCandidates(node.scope, names.length))
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    const message = `component "${names.join('.')}" does not exist or is out of scope${hint}`
    report(builder, node.source, range, message)
  })
}

/** Ids in scope, and for chains longer than an id those ids alone. */
function referenceCandidates(scope: ModuleScope, parts: number): string[] {
  return [...scope.locals.keys()].filter((id) => Math.abs(id.split('.').length - parts) <= 1)
}
