import { DiagnosticsError, errorAt } from '../syntax/diagnostic.ts'
import { type DecodedBody, decodeBody } from './decode-body.ts'
import { evaluate, type Scope } from './evaluate.ts'
import type {
  ComponentNode,
  ConfigNode,
  CustomNode,
  GraphNode,
  ModuleScope,
  ValueNode,
} from './graph-node.ts'
import { findNode } from './graph-node.ts'
import { moduleScope } from './import.ts'
import { stdlibScope } from './stdlib/stdlib.ts'
import type { ObjectValue, Value } from './value.ts'

/** The current exports of a node; `undefined` while it has none because it failed. */
export type ExportsOf = (id: string) => ObjectValue | undefined

/** The meaning of names inside a module: nodes first, then `module_path`, then the standard library. */
function scopeOf(scope: ModuleScope, exportsOf: ExportsOf): Scope {
  return {
    resolve: (chain) => {
      const constant = scope.constants?.get(chain[0])
      if (constant !== undefined) return { value: constant, used: 1 }
      const found = findNode(scope, chain)
      if (found !== undefined) {
        const value = exportsOf(found.id)
        return value === undefined ? undefined : { value, used: found.used }
      }
      const path = scope.modulePath === '' ? undefined : moduleScope(scope, chain)
      return path ?? stdlibScope.resolve(chain)
    },
  }
}

/**
 * Evaluates the arguments of a component or a config block.
 * @throws DiagnosticsError with everything that is wrong.
 */
export function evaluateArguments(node: ComponentNode | ConfigNode, exportsOf: ExportsOf): DecodedBody {
  const schema = node.kind === 'component' ? node.definition.schema : node.schema
  const scope = scopeOf(node.scope, exportsOf)
  return decodeBody(node.block.body, schema, { source: node.source, scope, range: node.block })
}

/**
 * Evaluates a node that holds values only.
 * @throws DiagnosticsError with what is wrong.
 */
export function evaluateValues(node: ValueNode | CustomNode, exportsOf: ExportsOf): ObjectValue {
  if (node.kind === 'value') {
    const { expression } = node
    const scope = scopeOf(node.scope, exportsOf)
    return new Map([['value', expression === undefined ? null : evaluate(node.source, expression, scope)]])
  }
  return new Map(
    [...node.exports].map(([name, id]): [string, Value] => [name, exportsOf(id)?.get('value') ?? null]),
  )
}

/** A node's own failure as a diagnostic over its whole block. */
export function nodeFailure(node: GraphNode, message: string): DiagnosticsError {
  const range = node.kind === 'value' ? node.expression : node.block
  const span = range === undefined ? undefined : { source: node.source, start: range.start, end: range.end }
  return new DiagnosticsError([errorAt(span, message)])
}
