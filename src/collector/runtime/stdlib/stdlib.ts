import { hostname } from 'node:os'
import { VERSION } from '#base/version.ts'
import type { Scope } from '../evaluate.ts'
import type { FunctionValue, ObjectValue, Value } from '../value.ts'
import { arrayFunctions, coalesce } from './collections.ts'
import { encodingFunctions } from './encoding.ts'
import { jsonPath } from './json-path.ts'
import { nonsensitive } from './secrets.ts'
import { pathJoin, stringFunctions } from './strings.ts'

/** A function of the library before it has a name. */
export type LibraryFunction = (args: readonly Value[]) => Value

function named(name: string, call: LibraryFunction): FunctionValue {
  return { kind: 'function', name, call }
}

function namespace(prefix: string, functions: Readonly<Record<string, LibraryFunction>>): ObjectValue {
  return new Map(Object.entries(functions).map(([name, call]) => [name, named(`${prefix}.${name}`, call)]))
}

const env: LibraryFunction = (args) => {
  if (args.length !== 1) throw new Error(`expected 1 args, got ${args.length}`)
  if (typeof args[0] !== 'string') throw new Error('the name should be string')
  return process.env[args[0]] ?? ''
}

const OS_NAMES: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' }
const ARCH_NAMES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** The deprecated names of functions, with the names to use instead. */
export const DEPRECATED_NAMES: ReadonlyMap<string, string> = new Map([
  ['env', 'sys.env'],
  ['nonsensitive', 'convert.nonsensitive'],
  ['concat', 'array.concat'],
  ['json_decode', 'encoding.from_json'],
  ['yaml_decode', 'encoding.from_yaml'],
  ['base64_decode', 'encoding.from_base64'],
  ['format', 'string.format'],
  ['join', 'string.join'],
  ['replace', 'string.replace'],
  ['split', 'string.split'],
  ['to_lower', 'string.to_lower'],
  ['to_upper', 'string.to_upper'],
  ['trim', 'string.trim'],
  ['trim_prefix', 'string.trim_prefix'],
  ['trim_suffix', 'string.trim_suffix'],
  ['trim_space', 'string.trim_space'],
])

const CURRENT: ReadonlyMap<string, Value> = new Map<string, Value>([
  [
    'constants',
    new Map([
      ['hostname', hostname()],
      ['os', OS_NAMES[process.platform] ?? process.platform],
      ['arch', ARCH_NAMES[process.arch] ?? process.arch],
      ['version', `v${VERSION}`],
    ]),
  ],
  ['sys', namespace('sys', { env })],
  ['convert', namespace('convert', { nonsensitive })],
  ['array', namespace('array', arrayFunctions)],
  ['encoding', namespace('encoding', encodingFunctions)],
  ['string', namespace('string', stringFunctions)],
  ['file', namespace('file', { path_join: pathJoin })],
  ['coalesce', named('coalesce', coalesce)],
  ['json_path', named('json_path', jsonPath)],
])

/** Everything the standard library puts into scope, by its first name. */
export const STDLIB: ReadonlyMap<string, Value> = new Map([
  ...CURRENT,
  ...[...DEPRECATED_NAMES].map(([name, current]): [string, Value] => {
    const [space, member] = current.split('.')
    const functions = CURRENT.get(space) as ObjectValue
    return [name, functions.get(member) ?? null]
  }),
])

/** The scope that holds the standard library and nothing else. */
export const stdlibScope: Scope = {
  resolve: (chain) => {
    const value = STDLIB.get(chain[0])
    return value === undefined ? undefined : { value, used: 1 }
  },
}
