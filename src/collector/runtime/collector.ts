import { join } from 'node:path'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import {
  type Diagnostic,
  DiagnosticsError,
  diagnosticLine,
  errorAt,
  hasErrors,
} from '../syntax/diagnostic.ts'
import { buildFailure } from './check-graph.ts'
import { makeCollectorLogger } from './collector-logger.ts'
import { type CollectorMetrics, makeCollectorMetrics, metricsText } from './collector-metrics.ts'
import type { ComponentDefinition } from './component.ts'
import { type ComponentDetail, type ComponentInfo, componentDetail, componentInfo } from './component-info.ts'
import { type ComponentUnit, makeUnit } from './component-unit.ts'
import type { HttpArgs, LoggingArgs } from './config-block.ts'
import { type ConfigText, loadConfigPath } from './config-files.ts'
import { deepEqual } from './deep-equal.ts'
import { evaluateArguments, evaluateValues, nodeFailure } from './evaluate-node.ts'
import { type Flow, type FlowEdge, type FlowListener, makeFlow } from './flow.ts'
import { type FlowReport, reportFlow } from './flow-report.ts'
import { followImports } from './follow-imports.ts'
import type { Stability } from './graph.ts'
import type { ComponentNode, Graph, GraphNode } from './graph-node.ts'
import { linkConfig } from './link.ts'
import { makePropagation, type Propagation } from './propagation.ts'
import { followRemotes, makeRemoteModules, type RemoteModules } from './remote-modules.ts'
import { stopUnits } from './stop-units.ts'
import type { ObjectValue } from './value.ts'

/** How to start a collector. */
export interface CollectorOptions {
  /** The configuration: a file or folder that a reload reads again, or texts. */
  readonly config: { readonly path: string } | { readonly files: readonly ConfigText[] }
  /** Folder for the durable state of components. */
  readonly storagePath: string
  /** Where log lines go; without it, to standard error in the format of the `logging` block. */
  readonly logger?: Logger
  /** Component kinds by name; by default everything there is. */
  readonly registry?: ReadonlyMap<string, ComponentDefinition>
  /** Least maturity of components that may be used. Default `generally-available`. */
  readonly stability?: Stability
  /** How long removed components may take to stop at a reload. Default 10 minutes, as in Alloy. */
  readonly componentShutdownDeadlineMs?: number
}

/** A running configuration. */
export interface Collector {
  /**
   * Replaces the configuration: `files`, or what the path holds now. A configuration with any error changes
   * nothing (Alloy would apply the parts that work, and still report failure). Components whose arguments are
   * the same are not touched. Never rejects: resolves with everything found, warnings too; the reload failed
   * if any of it is an error.
   */
  reload(files?: readonly ConfigText[]): Promise<Diagnostic[]>
  /** Stops sources first and sinks last; what has not ended after `deadlineMs` is not waited for. */
  stop(deadlineMs: number): Promise<void>
  /** True from the end of the first load until the collector is told to stop. */
  ready(): boolean
  components(): ComponentInfo[]
  /** A component by its full id, with arguments and exports; secrets are hidden. */
  component(id: string): ComponentDetail | undefined
  /** Prometheus text of the collector and all its components. */
  metrics(): Promise<string>
  /** Arguments of the `http` block. */
  http(): HttpArgs | undefined
  /** Whether the `livedebugging` block allows to watch what flows. */
  liveDebugging(): boolean
  /** Calls `listener` with every batch that a component takes or passes on, until the result is called. */
  watchFlow(id: string, listener: FlowListener): () => void
  /** What has gone from component to component. */
  flowEdges(): readonly FlowEdge[]
  /** The same with what was sent and dropped, by component. */
  flow(): Promise<FlowReport>
}

/** Everything a collector has at one time. */
interface State {
  readonly options: CollectorOptions
  readonly logger: Logger
  readonly configureLogger: (args: LoggingArgs | undefined) => void
  readonly units: Map<string, ComponentUnit>
  /** Exports of value and custom nodes. */
  readonly values: Map<string, ObjectValue>
  /** Decoded config blocks. */
  readonly settings: Map<string, Record<string, unknown>>
  readonly metrics: CollectorMetrics
  readonly propagation: Propagation
  readonly remotes: RemoteModules
  readonly flow: Flow
  graph: Graph
  /** The texts that were applied last: what is loaded again when an imported file changes. */
  files: readonly ConfigText[]
  followed: { close(): void } | undefined
  isReady: boolean
  /** Told to stop: nothing is started any more, also not by a reload that is under way. */
  isStopping: boolean
}

/**
 * Reads the configuration, checks it whole, and runs it.
 * @throws DiagnosticsError when anything is wrong with it; nothing runs then.
 * @throws OperatorError `config_unreadable` when it cannot be read.
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const state = makeState(options)
  const diagnostics = await load(state, readFiles(options), false)
  if (hasErrors(diagnostics)) {
    state.followed?.close()
    throw new DiagnosticsError(diagnostics)
  }
  for (const warning of diagnostics) state.logger.warn({}, diagnosticLine(warning))
  state.isReady = true
  return {
    reload: (files) => reload(state, files),
    stop: (deadlineMs) => stop(state, deadlineMs),
    ready: () => state.isReady,
    components: () => componentNodes(state.graph).map((node) => componentInfo(node, state)),
    component: (id) => {
      const node = state.graph.nodes.get(id)
      return node?.kind === 'component' ? componentDetail(node, state) : undefined
    },
    metrics: () => metricsOf(state),
    http: () => state.settings.get('http') as HttpArgs | undefined,
    liveDebugging: () => state.settings.get('livedebugging')?.enabled === true,
    watchFlow: (id, listener) => state.flow.watch(id, listener),
    flowEdges: () => state.flow.edges(),
    flow: () => reportFlow(state.units, state.flow),
  }
}

function makeState(options: CollectorOptions): State {
  const { logger, configure } = makeCollectorLogger(options.logger)
  const units = new Map<string, ComponentUnit>()
  const state: State = {
    options,
    logger,
    configureLogger: configure,
    units,
    values: new Map(),
    settings: new Map(),
    metrics: makeCollectorMetrics(() => [...units.values()].map((unit) => unit.health().state)),
    propagation: makePropagation((id) => reevaluate(state, id)),
    flow: makeFlow(),
    remotes: makeRemoteModules(join(options.storagePath, 'imported')),
    graph: {
      ...{ nodes: new Map(), order: [], dependants: new Map() },
      ...{ imports: [], remotes: [], collections: new Map() },
    },
    files: [],
    followed: undefined,
    isReady: false,
    isStopping: false,
  }
  return state
}

function readFiles(options: CollectorOptions): readonly ConfigText[] {
  return 'path' in options.config ? loadConfigPath(options.config.path) : options.config.files
}

function componentNodes(graph: Graph): ComponentNode[] {
  return [...graph.nodes.values()].filter((node) => node.kind === 'component')
}

function exportsOf(state: State, id: string): ObjectValue | undefined {
  return state.units.get(id)?.exports() ?? state.values.get(id)
}

/** Checks a configuration against what runs, and applies it only if nothing is wrong with it. */
async function load(state: State, files: readonly ConfigText[], fetchesAnew: boolean): Promise<Diagnostic[]> {
  const { options, remotes } = state
  return state.propagation.paused(async () => {
    const live = (id: string): ComponentUnit | undefined => state.units.get(id)
    const { graph, diagnostics } = await linkConfig(files, { ...options, live, remotes, fetchesAnew })
    if (!hasErrors(diagnostics)) {
      state.files = files
      diagnostics.push(...(await apply(state, graph)))
    }
    follow(state, graph)
    const text = files.map((file) => file.text).join('\n')
    state.metrics.recordLoad(!hasErrors(diagnostics), text)
    return diagnostics
  })
}

/**
 * Loads what was applied last again when a file changes that it imports. After a refusal the files of the
 * refused graph count: one of them may be what has to be mended.
 */
function follow(state: State, graph: Graph): void {
  state.followed?.close()
  state.followed = undefined
  if (state.isStopping || state.files.length === 0) return
  const imports = graph.imports.length > 0 ? graph.imports : state.graph.imports
  const remotes = graph.remotes.length > 0 ? graph.remotes : state.graph.remotes
  const again = (): void => void reload(state, state.files, false)
  const warn = (label: string, error: string): void => {
    state.logger.warn({ error }, `the module "${label}" could not be fetched, the last one counts`)
  }
  const followed = [followImports(imports, again), followRemotes(remotes, state.remotes, again, warn)]
  state.followed = {
    close: () => {
      for (const item of followed) item.close()
    },
  }
}

/** As {@link load}; a configuration that cannot be read is a failed load like any other. */
async function loadAgain(
  state: State,
  files: readonly ConfigText[] | undefined,
  fetchesAnew: boolean,
): Promise<Diagnostic[]> {
  try {
    return await load(state, files ?? readFiles(state.options), fetchesAnew)
  } catch (thrown) {
    if (!(thrown instanceof OperatorError)) throw thrown
    state.metrics.recordLoad(false, '')
    return [errorAt(undefined, thrown.message)]
  }
}

async function reload(
  state: State,
  files: readonly ConfigText[] | undefined,
  fetchesAnew = true,
): Promise<Diagnostic[]> {
  const diagnostics = await loadAgain(state, files, fetchesAnew)
  for (const diagnostic of diagnostics) {
    state.logger[diagnostic.severity === 'error' ? 'error' : 'warn']({}, diagnosticLine(diagnostic))
  }
  if (!hasErrors(diagnostics)) state.logger.info({}, 'config reloaded')
  return diagnostics
}

/**
 * Makes a checked graph the running one. What still fails now keeps its last good arguments and is unhealthy.
 */
async function apply(state: State, graph: Graph): Promise<Diagnostic[]> {
  const diagnostics: Diagnostic[] = []
  const isFirst = state.graph.order.length === 0
  const before = state.graph
  for (const id of state.settings.keys()) if (!graph.nodes.has(id)) state.settings.delete(id)
  for (const id of state.values.keys()) if (!graph.nodes.has(id)) state.values.delete(id)
  for (const id of graph.order) {
    const node = graph.nodes.get(id)
    if (node === undefined) continue
    const failure = await evaluateNode(state, node)
    if (failure !== undefined) diagnostics.push(...failure.diagnostics)
  }
  configure(state)
  if (isFirst && hasErrors(diagnostics)) {
    state.units.clear()
    return diagnostics
  }
  await stopRemoved(state, before, graph)
  state.graph = graph
  if (state.isStopping) return diagnostics
  for (const id of graph.order) state.units.get(id)?.start()
  return diagnostics
}

async function stopRemoved(state: State, before: Graph, graph: Graph): Promise<void> {
  const removed = [...state.units].filter(([id]) => !graph.nodes.has(id))
  if (removed.length === 0) return
  const deadlineMs = state.options.componentShutdownDeadlineMs ?? 600_000
  await stopUnits(new Map(removed), before, deadlineMs, state.logger)
  for (const [id] of removed) {
    state.units.delete(id)
    state.flow.forget(id)
  }
}

/** Evaluates one node and takes over the result. Resolves with what went wrong. */
async function evaluateNode(state: State, node: GraphNode): Promise<DiagnosticsError | undefined> {
  const exports = (id: string): ObjectValue | undefined => exportsOf(state, id)
  try {
    if (node.kind === 'value' || node.kind === 'custom')
      state.values.set(node.id, evaluateValues(node, exports))
    else {
      const decoded = evaluateArguments(node, exports)
      if (node.kind === 'config') state.settings.set(node.id, decoded.args)
      else await unitFor(state, node).apply(decoded)
    }
    state.units.get(node.id)?.setEvaluation(undefined)
    return undefined
  } catch (thrown) {
    const failure = thrown instanceof DiagnosticsError ? thrown : failureOf(node, thrown)
    state.units.get(node.id)?.setEvaluation(failure.message)
    return failure
  }
}

function failureOf(node: GraphNode, thrown: unknown): DiagnosticsError {
  if (node.kind === 'component') return buildFailure(node, thrown)
  const what = node.kind === 'config' && node.isService ? 'service' : 'node for config block'
  return nodeFailure(node, `Failed to evaluate ${what}: ${errorMessage(thrown)}`)
}

function unitFor(state: State, node: ComponentNode): ComponentUnit {
  const existing = state.units.get(node.id)
  if (existing !== undefined) return existing
  const unit = makeUnit({
    id: node.id,
    definition: node.definition,
    dataDir: join(state.options.storagePath, node.id),
    logger: state.logger.child({ component_path: `/${node.moduleId}`, component_id: node.localId }),
    onExports: () => scheduleDependants(state, node.id),
    flow: state.flow,
  })
  state.units.set(node.id, unit)
  return unit
}

function scheduleDependants(state: State, id: string): void {
  for (const dependant of state.graph.dependants.get(id) ?? []) state.propagation.schedule(dependant)
}

/** Evaluates a node again because something it depends on has new exports. */
async function reevaluate(state: State, id: string): Promise<void> {
  const node = state.graph.nodes.get(id)
  if (node === undefined) return
  const before = state.values.get(id)
  const failure = await evaluateNode(state, node)
  if (failure !== undefined) state.logger.error({ error: failure.message }, 'failed to evaluate a component')
  if (node.kind === 'config') configure(state)
  else if (!deepEqual(before, state.values.get(id))) {
    // The graph itself follows the collection of a foreach. Not waited for: loading waits for this to end.
    if (state.graph.collections.has(id)) void reload(state, state.files, false)
    scheduleDependants(state, id)
  }
}

/** Puts the config blocks into effect. */
function configure(state: State): void {
  const http = state.settings.get('http') as HttpArgs | undefined
  if (http?.tls !== undefined) {
    state.logger.warn({}, 'the block "tls" of "http" has no effect: the HTTP interface is served without TLS')
  }
  state.configureLogger(state.settings.get('logging') as LoggingArgs | undefined)
}

async function stop(state: State, deadlineMs: number): Promise<void> {
  state.isReady = false
  state.isStopping = true
  state.followed?.close()
  state.propagation.stop()
  await stopUnits(state.units, state.graph, deadlineMs, state.logger)
}

function metricsOf(state: State): Promise<string> {
  const components = componentNodes(state.graph).flatMap((node) => {
    const registry = state.units.get(node.id)?.metrics
    const labels = { component_path: `/${node.moduleId}`, component_id: node.localId }
    return registry === undefined ? [] : [{ registry, labels }]
  })
  return metricsText([{ registry: state.metrics.registry, labels: {} }, ...components])
}
