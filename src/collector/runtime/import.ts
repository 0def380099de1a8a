import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Block } from '../syntax/ast.ts'
import { DiagnosticsError } from '../syntax/diagnostic.ts'
import { parseConfig } from '../syntax/parser.ts'
import { decodeConfigBytes, type Source } from '../syntax/source.ts'
import type { BodySchema } from './component.ts'
import { readDeclare } from './declare.ts'
import { decodeBody } from './decode-body.ts'
import type { Scope } from './evaluate.ts'
import { pathSignature } from './follow-imports.ts'
import { type GraphBuilder, report } from './graph.ts'
import type { ModuleScope } from './graph-node.ts'
import { stdlibScope } from './stdlib/stdlib.ts'
import type { Value } from './value.ts'

const SCHEMAS: Readonly<Record<string, BodySchema>> = {
  'import.file': {
    attributes: {
      filename: { type: 'string', required: true },
      detector: { type: { oneOf: ['fsnotify', 'poll'] }, default: 'fsnotify' },
      poll_frequency: { type: 'duration', default: 60_000 },
    },
  },
  'import.string': { attributes: { content: { type: 'string', required: true } } },
}

/** A poll frequency of zero must not keep the process busy. */
const MIN_POLL_MS = 100

interface ImportFileArgs {
  readonly filename: string
  readonly detector: string
  readonly poll_frequency: number
}

/** A module's text, its name in messages and the folder that `module_path` stands for. */
interface ModuleText {
  readonly name: string
  readonly text: string
  readonly folder: string
}

/**
 * Reads an `import.file` or `import.string` block and makes the declares of the module known as
 * `namespace.name`. The arguments may use constants and the standard library only. The collector follows
 * the files and loads the configuration again when they change.
 */
export function readImport(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  if (!Object.hasOwn(SCHEMAS, block.name)) {
    report(builder, source, block, `not supported yet: ${block.name}`)
    return
  }
  const namespace = block.label
  if (namespace === undefined) {
    report(builder, source, block, `block "${block.name}" requires non-empty label`)
    return
  }
  try {
    const constants: Scope = { resolve: (chain) => moduleScope(scope, chain) ?? stdlibScope.resolve(chain) }
    const place = { source, scope: constants, range: block }
    const { args } = decodeBody(block.body, SCHEMAS[block.name], place)
    if (block.name === 'import.file') {
      const { filename, detector, poll_frequency } = args as unknown as ImportFileArgs
      const pollMs = Math.max(MIN_POLL_MS, poll_frequency)
      builder.imports.push({ path: filename, detector, pollMs, signature: pathSignature(filename) })
    }
    const texts =
      block.name === 'import.file'
        ? readModuleFiles(String(args.filename))
        : [{ name: `import.string.${namespace}`, text: String(args.content), folder: scope.modulePath }]
    for (const text of texts) addImported(builder, text, namespace, scope)
  } catch (thrown) {
    if (thrown instanceof DiagnosticsError) builder.diagnostics.push(...thrown.diagnostics)
    else {
      const message = `Failed to evaluate node for config block: ${errorMessage(thrown)}`
      report(builder, source, block, message)
    }
  }
}

/** `module_path`, where the scope has one. */
export function moduleScope(
  scope: ModuleScope,
  chain: readonly string[],
): { value: Value; used: number } | undefined {
  return chain[0] === 'module_path' ? { value: scope.modulePath, used: 1 } : undefined
}

/** One file, or every `*.alloy` file of a folder in the order of their names. */
function readModuleFiles(filename: string): ModuleText[] {
  const read = (path: string): ModuleText => ({
    name: path,
    text: decodeConfigBytes(readFileSync(path)),
    folder: resolve(dirname(path)),
  })
  if (!statSync(filename).isDirectory()) return [read(filename)]
  const names = readdirSync(filename).filter((name) => name.endsWith('.alloy'))
  return names.sort().map((name) => read(join(filename, name)))
}

function addImported(builder: GraphBuilder, module: ModuleText, namespace: string, scope: ModuleScope): void {
  const file = parseConfig(module.name, module.text)
  const inner: ModuleScope = {
    moduleId: `${scope.moduleId}import.${namespace}`,
    locals: new Map(),
    declares: new Map(),
    modulePath: module.folder,
  }
  for (const statement of file.body) {
    if (statement.kind === 'attribute') {
      report(builder, file.source, statement.name, `unrecognized attribute ${statement.name.name}`)
    } else if (statement.name === 'declare') readDeclare(builder, file.source, statement, inner)
    else if (Object.hasOwn(SCHEMAS, statement.name)) readImport(builder, file.source, statement, inner)
    else {
      const message = `a module may only hold declare and import blocks, not ${statement.name}`
      report(builder, file.source, statement, message)
    }
  }
  for (const [name, declare] of inner.declares) scope.declares.set(`${namespace}.${name}`, declare)
}
