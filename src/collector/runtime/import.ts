import { errorMessage } from '#base/errors.ts'
import type { Block } from '../syntax/ast.ts'
import { DiagnosticsError } from '../syntax/diagnostic.ts'
import { parseConfig } from '../syntax/parser.ts'
import type { Source } from '../syntax/source.ts'
import { checkHttpClientArgs, type HttpClientArgs, httpClientSchema } from '../write/http-client-args.ts'
import type { BodySchema } from './component.ts'
import { readDeclare } from './declare.ts'
import { decodeBody } from './decode-body.ts'
import type { Scope } from './evaluate.ts'
import type { ImportGitArgs } from './fetch-git-module.ts'
import type { ImportHttpArgs } from './fetch-http-module.ts'
import { pathSignature } from './follow-imports.ts'
import { type GraphBuilder, report } from './graph.ts'
import type { ModuleScope } from './graph-node.ts'
import { type ModuleText, readModuleFiles } from './module-text.ts'
import type { RemoteImport } from './remote-modules.ts'
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
  'import.http': {
    attributes: {
      url: { type: 'string', required: true },
      method: { type: 'string', default: 'GET' },
      headers: { type: { map: 'secret' }, default: {} },
      body: { type: 'secret', default: '' },
      poll_frequency: { type: 'duration', default: 60_000 },
      poll_timeout: { type: 'duration', default: 10_000 },
    },
    blocks: {
      client: {
        body: {
          ...httpClientSchema,
          validate: (args) => checkHttpClientArgs(args as unknown as HttpClientArgs),
        },
      },
    },
    validate: ({ url, poll_frequency, poll_timeout }) => {
      if (!URL.canParse(String(url))) throw new Error('url is not a valid address')
      if (poll_frequency === 0) throw new Error('poll_frequency must be greater than 0')
      if (poll_timeout === 0) throw new Error('poll_timeout must be greater than 0')
    },
  },
  'import.git': {
    attributes: {
      repository: { type: 'string', required: true },
      path: { type: 'string', required: true },
      revision: { type: 'string', default: 'HEAD' },
      pull_frequency: { type: 'duration', default: 60_000 },
    },
    blocks: {
      basic_auth: httpClientSchema.blocks.basic_auth,
      ssh_key: {
        body: {
          attributes: {
            username: { type: 'string', default: '' },
            key: { type: 'secret' },
            key_file: { type: 'string' },
            passphrase: { type: 'secret' },
          },
        },
      },
    },
  },
}

/** A poll frequency of zero must not keep the process busy. */
const MIN_POLL_MS = 100

interface ImportFileArgs {
  readonly filename: string
  readonly detector: string
  readonly poll_frequency: number
}

/**
 * Reads an `import.*` block and makes the declares of the module known as `namespace.name`. The arguments may
 * use constants and the standard library only. A module that has not been fetched yet is put down to be. The
 * collector follows files and addresses and loads the configuration again when they change.
 */
export function readImport(builder: GraphBuilder, source: Source, block: Block, scope: ModuleScope): void {
  if (!Object.hasOwn(SCHEMAS, block.name)) {
    report(builder, source, block, `cannot find the definition of config block "${block.name}"`)
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
    for (const text of moduleTexts(builder, block.name, namespace, args, scope)) {
      addImported(builder, text, namespace, scope)
    }
  } catch (thrown) {
    if (thrown instanceof DiagnosticsError) builder.diagnostics.push(...thrown.diagnostics)
    else {
      const message = `Failed to evaluate node for config block: ${errorMessage(thrown)}`
      report(builder, source, block, message)
    }
  }
}

function moduleTexts(
  builder: GraphBuilder,
  name: string,
  namespace: string,
  args: Record<string, unknown>,
  scope: ModuleScope,
): readonly ModuleText[] {
  if (name === 'import.file') return readModuleFiles(String(args.filename))
  if (name === 'import.string') {
    return [{ name: `import.string.${namespace}`, text: String(args.content), folder: scope.modulePath }]
  }
  const remote = remoteImport(name, namespace, args)
  builder.remotes.set(remote.key, remote)
  const known = builder.options.remotes?.get(remote.key)
  if (known !== undefined && known.texts === undefined) throw new Error(known.failure)
  return known?.texts ?? []
}

function remoteImport(name: string, label: string, args: Record<string, unknown>): RemoteImport {
  const key = `${name} ${JSON.stringify(args)}`
  if (name === 'import.http') {
    const httpArgs = args as unknown as ImportHttpArgs
    const pollMs = Math.max(MIN_POLL_MS, httpArgs.poll_frequency)
    return { key, label, pollMs, from: 'http', args: httpArgs }
  }
  const gitArgs = args as unknown as ImportGitArgs
  const pollMs = gitArgs.pull_frequency === 0 ? 0 : Math.max(MIN_POLL_MS, gitArgs.pull_frequency)
  return { key, label, pollMs, from: 'git', args: gitArgs }
}

/** `module_path`, where the scope has one. */
export function moduleScope(
  scope: ModuleScope,
  chain: readonly string[],
): { value: Value; used: number } | undefined {
  return chain[0] === 'module_path' ? { value: scope.modulePath, used: 1 } : undefined
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
