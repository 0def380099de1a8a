import type { Block, Expression } from '../syntax/ast.ts'
import type { Source } from '../syntax/source.ts'
import type { BodySchema, ComponentDefinition } from './component.ts'
import type { RemoteImport } from './remote-modules.ts'
import type { Value } from './value.ts'

/** What names mean inside one module: the whole configuration, or one use of a `declare`. */
export interface ModuleScope {
  /** `''` for the configuration itself, else the id of the custom component. */
  readonly moduleId: string
  /** Ids as written in this module → ids in the graph. */
  readonly locals: Map<string, string>
  /** `declare` blocks and imported namespaces visible here, by the name a block uses. */
  readonly declares: Map<string, Declare>
  /** Names bound to constants, e.g. `module_path`. */
  readonly modulePath: string
  /** The scope around this one whose names count here too: that of a `foreach` around its template. */
  readonly parent?: ModuleScope
  /** Names that stand for a value: the element of a `foreach`. */
  readonly constants?: ReadonlyMap<string, Value>
}

/** A custom component's definition, with the place it was written. */
export interface Declare {
  readonly name: string
  readonly block: Block
  readonly source: Source
  /** The scope whose declares its body may use. */
  readonly scope: ModuleScope
}

interface NodeBase {
  /** Unique in the graph: `loki.write.default`, `my.label/loki.write.default` inside a custom component. */
  readonly id: string
  readonly localId: string
  readonly moduleId: string
  readonly source: Source
  /** Ids of the nodes whose exports this one uses. */
  readonly dependencies: Set<string>
}

/** A component of the registry. */
export interface ComponentNode extends NodeBase {
  readonly kind: 'component'
  readonly block: Block
  readonly scope: ModuleScope
  readonly definition: ComponentDefinition
}

/** `logging`, `http` and the like: settings of the collector itself. */
export interface ConfigNode extends NodeBase {
  readonly kind: 'config'
  readonly block: Block
  readonly scope: ModuleScope
  readonly schema: BodySchema
  readonly isService: boolean
}

/** One value: an argument given to a custom component (in the caller's scope), or an export of it. */
export interface ValueNode extends NodeBase {
  readonly kind: 'value'
  readonly expression: Expression | undefined
  readonly scope: ModuleScope
}

/** A use of a `declare`: its exports are those of the value nodes inside. */
export interface CustomNode extends NodeBase {
  readonly kind: 'custom'
  readonly block: Block
  /** Export name → id of its value node. */
  readonly exports: Map<string, string>
}

/** A node of the component graph. */
export type GraphNode = ComponentNode | ConfigNode | ValueNode | CustomNode

/** A file or folder that an `import.file` block reads. */
export interface ImportedPath {
  readonly path: string
  readonly detector: string
  readonly pollMs: number
  /** Its state when it was read, by `pathSignature`. */
  readonly signature: string
}

/** The linked configuration: its nodes, dependencies before dependants. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>
  /** Every id once, each after everything it depends on. */
  readonly order: readonly string[]
  /** For each id the ids that use its exports. */
  readonly dependants: ReadonlyMap<string, readonly string[]>
  readonly imports: readonly ImportedPath[]
  /** Modules that lie elsewhere, each once. */
  readonly remotes: readonly RemoteImport[]
  /**
   * For the id of each `foreach` what its template was expanded for; undefined while its collection was not
   * known.
   */
  readonly collections: ReadonlyMap<string, Value | undefined>
}

/** The longest front part of a dotted chain that names a node, or `undefined`. */
export function findNode(
  scope: ModuleScope,
  chain: readonly string[],
): { readonly id: string; readonly used: number } | undefined {
  for (let used = chain.length; used > 0; used--) {
    const id = scope.locals.get(chain.slice(0, used).join('.'))
    if (id !== undefined) return { id, used }
  }
  return scope.parent === undefined ? undefined : findNode(scope.parent, chain)
}
