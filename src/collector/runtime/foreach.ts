import { nodeCrypto } from '#base/node-crypto.ts'
import type { Attribute, Block } from '../syntax/ast.ts'
import { DiagnosticsError } from '../syntax/diagnostic.ts'
import { isIdentifier } from '../syntax/literal.ts'
import type { Source } from '../syntax/source.ts'
import type { BodySchema } from './component.ts'
import { decodeBody } from './decode-body.ts'
import { sourceText } from './evaluate.ts'
import { addModule, type GraphBuilder, report } from './graph.ts'
import type { ModuleScope } from './graph-node.ts'
import { stdlibScope } from './stdlib/stdlib.ts'
import { isArray, isNumber, isObject, numberText, toHost, typeName, type Value } from './value.ts'

/** Everything but the collection, which may follow what components export, and the template. */
const SCHEMA: BodySchema = {
  attributes: {
    var: { type: 'string', required: true },
    id: { type: 'string', default: '' },
    hash_string_id: { type: 'bool', default: false },
    enable_metrics: { type: 'bool', default: false },
  },
}

interface ForeachArgs {
  readonly var: string
  readonly id: string
  readonly hash_string_id: boolean
}

/** A `foreach` block and its place. */
export interface ForeachUse {
  readonly source: Source
  readonly block: Block
  readonly scope: ModuleScope
  readonly id: string
}

/**
 * Puts a `foreach` into the graph: a node for its collection, and for each element, as far as they are known,
 * the blocks of the template. The graph is made anew when the collection is another.
 */
export function expandForeach(builder: GraphBuilder, use: ForeachUse): void {
  const { source, block, scope, id } = use
  const collection = block.body.find(
    (item): item is Attribute => item.kind === 'attribute' && item.name.name === 'collection',
  )
  const templates = block.body.filter((item) => item.kind === 'block' && item.name === 'template')
  const args = decodeArgs(builder, use)
  if (collection === undefined) report(builder, source, block, 'missing required attribute "collection"')
  if (templates.length === 0) report(builder, source, block, 'missing required block "template"')
  if (templates.length > 1) {
    report(builder, source, templates[1], 'block "template" may only be specified once')
  }
  if (collection === undefined || templates.length !== 1 || args === undefined) return
  const { moduleId } = scope
  const localId = `foreach.${block.label}`
  const expression = collection.value
  const dependencies = new Set<string>()
  builder.nodes.set(id, { kind: 'value', id, localId, moduleId, source, expression, scope, dependencies })
  const known = builder.options.collections?.get(id)
  builder.collections.set(id, known)
  if (known === undefined) return
  if (!isArray(known)) {
    const message = `${sourceText(source, expression)} should be array, got ${typeName(known)}`
    report(builder, source, expression, message)
    return
  }
  const keys = new Map<string, number>()
  for (const element of known) {
    const key = keyOf(element, args)
    const count = (keys.get(key) ?? 0) + 1
    keys.set(key, count)
    const inner: ModuleScope = {
      moduleId: `${id}/${count === 1 ? key : `${key}_${count}`}`,
      locals: new Map(),
      declares: new Map(scope.declares),
      modulePath: scope.modulePath,
      parent: scope,
      constants: new Map([...(scope.constants ?? []), [args.var, element]]),
    }
    addModule(builder, [{ source, body: (templates[0] as Block).body }], inner)
  }
}

function decodeArgs(builder: GraphBuilder, { source, block }: ForeachUse): ForeachArgs | undefined {
  const rest = block.body.filter(
    (item) => !(item.kind === 'attribute' ? item.name.name === 'collection' : item.name === 'template'),
  )
  try {
    const { args } = decodeBody(rest, SCHEMA, { source, scope: stdlibScope, range: block })
    const decoded = args as unknown as ForeachArgs
    if (isIdentifier(decoded.var)) return decoded
    report(builder, source, block, `var should be an identifier, got ${JSON.stringify(decoded.var)}`)
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticsError)) throw thrown
    builder.diagnostics.push(...thrown.diagnostics)
  }
  return undefined
}

/**
 * The name of an element's module, which its state on disk goes by: the same for the same element wherever it
 * stands in the collection.
 */
function keyOf(element: Value, args: ForeachArgs): string {
  const named = args.id !== '' && isObject(element) ? (element.get(args.id) ?? element) : element
  const text = scalarText(named)
  if (text === undefined) return digest(JSON.stringify(toHost(named)))
  if (args.hash_string_id) return digest(text)
  const plain = text.replace(/[^A-Za-z0-9_-]/g, '_')
  return plain === text && text !== '' ? text : `${plain}_${digest(text)}`
}

function scalarText(value: Value): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  return isNumber(value) ? numberText(value) : undefined
}

function digest(text: string): string {
  return nodeCrypto().createHash('sha256').update(text).digest('hex').slice(0, 12)
}
