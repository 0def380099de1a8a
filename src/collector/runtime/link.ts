import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '#base/node-crypto.ts'
import { componentRegistry } from '../components/registry.ts'
import { type Diagnostic, errorAt, hasErrors, warningAt } from '../syntax/diagnostic.ts'
import { checkGraph, type LiveUnit } from './check-graph.ts'
import type { ComponentDefinition } from './component.ts'
import { type ConfigText, parseFiles } from './config-files.ts'
import { deepEqual } from './deep-equal.ts'
import { buildGraph, type Stability } from './graph.ts'
import type { Graph } from './graph-node.ts'
import { makeRemoteModules, type RemoteModules } from './remote-modules.ts'
import type { ObjectValue, Value } from './value.ts'

/** Rounds of linking: each follows imports inside imports, or collections inside collections, one deeper. */
const MAX_ROUNDS = 20

/** What a configuration is linked and checked against. */
export interface LinkOptions {
  readonly registry?: ReadonlyMap<string, ComponentDefinition>
  readonly stability?: Stability
  /** Components that run already; those whose arguments stay the same are asked for what they export. */
  readonly live: LiveUnit
  readonly remotes: RemoteModules
  /** Whether modules that are known are fetched all the same. */
  readonly fetchesAnew: boolean
}

/** A linked configuration. The graph is fit to run only if no diagnostic is an error. */
export interface Linked {
  readonly graph: Graph
  readonly diagnostics: Diagnostic[]
}

/**
 * Links a configuration and tries all of it. What it imports from elsewhere is fetched, and each `foreach` is
 * expanded by what its collection evaluates to, until nothing new turns up.
 */
export async function linkConfig(files: readonly ConfigText[], options: LinkOptions): Promise<Linked> {
  const { parts, diagnostics } = parseFiles(files)
  const { registry = componentRegistry, stability = 'generally-available', remotes } = options
  const fetched = new Set<string>()
  let collections: ReadonlyMap<string, Value> = new Map()
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const built = buildGraph(parts, { registry, stability, collections, remotes })
    // References into a file that does not parse are not the author's second mistake.
    if (diagnostics.length > 0) return { graph: built.graph, diagnostics }
    const wanted = built.graph.remotes.filter(
      ({ key }) => !fetched.has(key) && (options.fetchesAnew || remotes.get(key) === undefined),
    )
    if (wanted.length > 0) {
      for (const { key } of wanted) fetched.add(key)
      await Promise.all(wanted.map((module) => remotes.fetch(module)))
      continue
    }
    if (hasErrors(built.diagnostics)) return built
    const checked = await checkGraph(built.graph, options.live)
    const found = [...built.diagnostics, ...staleModules(built.graph, remotes), ...checked.diagnostics]
    const changed = changedCollections(built.graph, checked.exports)
    if (changed.size === 0 || hasErrors(found)) return { graph: built.graph, diagnostics: found }
    collections = new Map([...collections, ...changed])
  }
  const message = `imports or foreach blocks are nested in more than ${MAX_ROUNDS} levels`
  return { graph: buildGraph([], { registry, stability }).graph, diagnostics: [errorAt(undefined, message)] }
}

function staleModules(graph: Graph, remotes: RemoteModules): Diagnostic[] {
  return graph.remotes.flatMap(({ key, label }) => {
    const failure = remotes.get(key)?.failure
    return failure === undefined
      ? []
      : [
          warningAt(
            undefined,
            `the module "${label}" could not be fetched anew, the last one counts: ${failure}`,
          ),
        ]
  })
}

function changedCollections(
  graph: Graph,
  exports: ReadonlyMap<string, ObjectValue>,
): ReadonlyMap<string, Value> {
  const changed = new Map<string, Value>()
  for (const [id, expanded] of graph.collections) {
    const value = exports.get(id)?.get('value')
    if (value !== undefined && (expanded === undefined || !deepEqual(value, expanded))) changed.set(id, value)
  }
  return changed
}

/**
 * Checks a configuration without running it: syntax, names, references, types, and whether every component
 * takes its arguments (components are built for it, and thrown away).
 */
export async function validateConfig(
  files: readonly ConfigText[],
  options: { registry?: ReadonlyMap<string, ComponentDefinition>; stability?: Stability } = {},
): Promise<Diagnostic[]> {
  const remotes = makeRemoteModules(join(tmpdir(), `logboom-validate-${nodeCrypto().randomUUID()}`))
  try {
    const live = (): undefined => undefined
    return (await linkConfig(files, { ...options, live, remotes, fetchesAnew: false })).diagnostics
  } finally {
    remotes.removeFiles()
  }
}
