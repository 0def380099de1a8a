import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { type Diagnostic, DiagnosticsError } from '../syntax/diagnostic.ts'
import { type ComponentUnit, makeUnit } from './component-unit.ts'
import { deepEqual } from './deep-equal.ts'
import { evaluateArguments, evaluateValues, nodeFailure } from './evaluate-node.ts'
import type { ComponentNode, Graph, GraphNode } from './graph-node.ts'
import type { ObjectValue } from './value.ts'

/** Finds the live unit of a component, where there is one. */
export type LiveUnit = (id: string) => ComponentUnit | undefined

/**
 * Tries a whole graph without touching what is running: every argument is evaluated, and every component that
 * is new or has changed is built and thrown away, so that a bad regex or an unreadable file is found. A
 * component whose dependency failed is left out, since its errors would only repeat the first. Gives what the
 * nodes export, too.
 */
export async function checkGraph(
  graph: Graph,
  live: LiveUnit,
): Promise<{ diagnostics: Diagnostic[]; exports: ReadonlyMap<string, ObjectValue> }> {
  const diagnostics: Diagnostic[] = []
  const exports = new Map<string, ObjectValue>()
  for (const id of graph.order) {
    const node = graph.nodes.get(id)
    if (node === undefined || ![...node.dependencies].every((dependency) => exports.has(dependency))) continue
    try {
      exports.set(id, await tryNode(node, (other) => exports.get(other), live))
    } catch (thrown) {
      if (thrown instanceof DiagnosticsError) diagnostics.push(...thrown.diagnostics)
      else diagnostics.push(...buildFailure(node, thrown).diagnostics)
    }
  }
  return { diagnostics, exports }
}

/** What a component threw while it was built or updated, in Alloy's words. */
export function buildFailure(node: GraphNode, thrown: unknown): DiagnosticsError {
  return nodeFailure(node, `Failed to build component: building component: ${errorMessage(thrown)}`)
}

async function tryNode(
  node: GraphNode,
  exportsOf: (id: string) => ObjectValue | undefined,
  live: LiveUnit,
): Promise<ObjectValue> {
  if (node.kind === 'value' || node.kind === 'custom') return evaluateValues(node, exportsOf)
  const decoded = evaluateArguments(node, exportsOf)
  if (node.kind === 'config') return new Map()
  const unit = live(node.id)
  if (unit !== undefined && deepEqual(unit.decoded()?.args, decoded.args)) return unit.exports()
  const trial = trialUnit(node)
  await trial.apply(decoded)
  return trial.exports()
}

/** What a trial says is said again by the component itself. */
const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
}

/** A unit that is built to see whether it can be, and never started. */
function trialUnit(node: ComponentNode): ComponentUnit {
  return makeUnit({
    id: node.id,
    definition: node.definition,
    // Nothing is there, so nothing durable is read, and a trial has nothing to write.
    dataDir: join(tmpdir(), `logboom-trial-${process.pid}-${Math.random()}`),
    logger: quiet,
    onExports: () => undefined,
  })
}
