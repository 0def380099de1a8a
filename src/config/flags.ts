import { parseGoDuration, parsePrometheusDuration } from '#base/duration.ts'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { parseSize } from '#base/size.ts'
import { nearest } from '#base/suggest.ts'
import type { FieldKind } from './fields.ts'
import { rootSchema } from './schema/root.ts'
import { eachField } from './schema-walk.ts'
import { type RawMap, setAt } from './tree.ts'

/** A command line flag of Loki. */
export interface LokiFlag {
  /** Without dash. */
  readonly name: string
  readonly kind: FieldKind
  /** The key of the YAML that it sets; absent for flags about the file or the program itself. */
  readonly path?: readonly string[]
  readonly initial: unknown
}

const PROGRAM_FLAGS: readonly LokiFlag[] = [
  { name: 'config.file', kind: 'string', initial: 'config.yaml,config/config.yaml' },
  { name: 'config.expand-env', kind: 'bool', initial: false },
  { name: 'verify-config', kind: 'bool', initial: false },
  { name: 'print-config-stderr', kind: 'bool', initial: false },
  { name: 'log-config-reverse-order', kind: 'bool', initial: false },
  { name: 'list-targets', kind: 'bool', initial: false },
  { name: 'version', kind: 'bool', initial: false },
  { name: 'help', kind: 'bool', initial: false },
  { name: 'h', kind: 'bool', initial: false },
  { name: 'health', kind: 'bool', initial: false },
  { name: 'health.url', kind: 'string', initial: 'http://localhost:3100/ready' },
]

/** Every flag that is understood, by name: those of the YAML's keys and those of the program. */
export const LOKI_FLAGS: ReadonlyMap<string, LokiFlag> = collectFlags()

function collectFlags(): Map<string, LokiFlag> {
  const flags = new Map(PROGRAM_FLAGS.map((flag) => [flag.name, flag]))
  eachField(rootSchema, (path, { flag, kind, initial }) => {
    if (flag !== undefined && !flags.has(flag)) flags.set(flag, { name: flag, kind, path, initial })
  })
  return flags
}

/** A command line, read: each flag's value as text, and what was not a flag. */
export interface ParsedFlags {
  readonly values: ReadonlyMap<string, string>
  readonly rest: readonly string[]
}

/**
 * Reads a command line as Go's flag package does: `-x`, `--x`, `-x=v`, `-x v`; booleans only `-x` or
 * `-x=v`; the first
 * argument that is no flag ends it.
 * @throws OperatorError `flag_unknown`, `flag_invalid` with Go's text; the program then exits with 2
 */
export function parseLokiFlags(args: readonly string[]): ParsedFlags {
  const values = new Map<string, string>()
  let i = 0
  for (; i < args.length; i++) {
    const match = /^--?([^=-][^=]*)(?:=([\s\S]*))?$/.exec(args[i])
    if (match === null) {
      if (args[i] === '--') i++
      break
    }
    const flag = LOKI_FLAGS.get(match[1])
    if (flag === undefined) throw unknownFlag(match[1])
    let value = match[2]
    if (value === undefined && flag.kind === 'bool') value = 'true'
    if (value === undefined) {
      i++
      if (i >= args.length) throw new OperatorError('flag_invalid', `flag needs an argument: -${flag.name}`)
      value = args[i]
    }
    flagValue(flag, value)
    values.set(flag.name, value)
  }
  return { values, rest: args.slice(i) }
}

function unknownFlag(name: string): OperatorError {
  const near = nearest(name, LOKI_FLAGS.keys())
  const hint = near === undefined ? '' : `\nDid you mean -${near}?`
  const help = 'Run with -help to get list of available parameters'
  return new OperatorError('flag_unknown', `flag provided but not defined: -${name}\n${help}${hint}`)
}

/** Puts the flags that set keys of the YAML into a raw tree, over what is there. */
export function applyFlags(tree: RawMap, values: ReadonlyMap<string, string>): void {
  for (const [name, value] of values) {
    const flag = LOKI_FLAGS.get(name)
    if (flag?.path !== undefined) setAt(tree, flag.path, flagValue(flag, value))
  }
}

/** The value as the YAML would hold it. */
function flagValue(flag: LokiFlag, value: string): unknown {
  try {
    return readFlag(flag.kind, value)
  } catch (error) {
    const message = `invalid value ${JSON.stringify(value)} for flag -${flag.name}: ${errorMessage(error)}`
    throw new OperatorError('flag_invalid', message)
  }
}

function readFlag(kind: FieldKind, value: string): unknown {
  switch (kind) {
    case 'bool':
      if (/^(?:1|t|true)$/i.test(value)) return true
      if (/^(?:0|f|false)$/i.test(value)) return false
      throw new Error('parse error')
    case 'int':
      if (!/^[+-]?\d+$/.test(value)) throw new Error('parse error')
      return Number(value)
    case 'float':
      if (value.trim() === '' || Number.isNaN(Number(value))) throw new Error('parse error')
      return Number(value)
    case 'goDuration':
      parseGoDuration(value)
      return value
    case 'promDuration':
      parsePrometheusDuration(value)
      return value
    case 'size':
      parseSize(value)
      return value
    default:
      return value
  }
}
