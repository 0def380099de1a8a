import { OperatorError } from '#base/errors.ts'
import { nearest } from '#base/suggest.ts'

/** What `collect run` understands of Alloy's flags, and what it makes of each. */
type AlloyFlagUse = 'used' | 'ignored'

interface AlloyFlag {
  readonly isBool: boolean
  readonly initial: string
  readonly use: AlloyFlagUse
}

const flag = (initial: string, use: AlloyFlagUse = 'used'): AlloyFlag => ({ isBool: false, initial, use })
const toggle = (initial: boolean, use: AlloyFlagUse = 'ignored'): AlloyFlag => ({
  isBool: true,
  initial: String(initial),
  use,
})

/**
 * Alloy's flags of `run`; those that make no sense in one collector are accepted and named once as ignored.
 */
const RUN_FLAGS: Readonly<Record<string, AlloyFlag>> = {
  'server.http.listen-addr': flag('127.0.0.1:12345'),
  'storage.path': flag('data-alloy/'),
  'stability.level': flag('generally-available'),
  'config.format': flag('alloy'),
  'feature.component-shutdown-deadline': flag('10m'),
  'server.http.memory-addr': flag('alloy.internal:12345', 'ignored'),
  'server.http.ui-path-prefix': flag('/', 'ignored'),
  'server.http.enable-pprof': toggle(true),
  'server.http.disable-support-bundle': toggle(false),
  'server.http.enable-graphql': toggle(false),
  'server.http.enable-graphql-playground': toggle(false),
  'disable-reporting': toggle(false),
  'config.bypass-conversion-errors': toggle(false),
  'config.extra-args': flag('', 'ignored'),
  'feature.community-components.enabled': toggle(false),
  'feature.prometheus.direct-fanout.enabled': toggle(false),
  'feature.prometheus.metric-validation-scheme': flag('', 'ignored'),
  'cluster.enabled': toggle(false),
  'cluster.use-discovery-v1': toggle(false),
  'cluster.node-name': flag('', 'ignored'),
  'cluster.advertise-address': flag('', 'ignored'),
  'cluster.advertise-interfaces': flag('', 'ignored'),
  'cluster.join-addresses': flag('', 'ignored'),
  'cluster.discover-peers': flag('', 'ignored'),
  'cluster.rejoin-interval': flag('', 'ignored'),
  'cluster.max-join-peers': flag('', 'ignored'),
  'cluster.name': flag('', 'ignored'),
  'cluster.wait-for-size': flag('', 'ignored'),
  'cluster.wait-timeout': flag('', 'ignored'),
}

/** A command line of `collect run`, read. */
export interface AlloyArgs {
  /** The value of every used flag, given or default. */
  readonly values: Readonly<Record<string, string>>
  /** Flags that were given and change nothing here, with their dashes. */
  readonly ignored: readonly string[]
  /** What is no flag: the PATH. */
  readonly rest: readonly string[]
}

/**
 * Reads a command line as Alloy does: `--flag=value`, `--flag value`, booleans `--flag` or `--flag=false`, in
 * any order with the path.
 * @throws OperatorError `flag_unknown`, `flag_invalid`
 */
export function parseAlloyFlags(args: readonly string[]): AlloyArgs {
  const values: Record<string, string> = {}
  for (const [name, { initial, use }] of Object.entries(RUN_FLAGS)) if (use === 'used') values[name] = initial
  const ignored: string[] = []
  const rest: string[] = []
  for (let i = 0; i < args.length; i++) {
    const match = /^--([^=]+)(?:=([\s\S]*))?$/.exec(args[i])
    if (match === null) {
      if (args[i].startsWith('-') && args[i] !== '-') throw unknownFlag(args[i])
      rest.push(args[i])
      continue
    }
    const [, name, attached] = match
    const known = RUN_FLAGS[name]
    if (known === undefined) throw unknownFlag(args[i])
    let value = attached ?? (known.isBool ? 'true' : args[++i])
    if (value === undefined) throw new OperatorError('flag_invalid', `flag needs an argument: --${name}`)
    if (known.isBool && !/^(?:true|false)$/.test((value = value.toLowerCase()))) {
      throw new OperatorError(
        'flag_invalid',
        `invalid argument "${value}" for "--${name}": use true or false`,
      )
    }
    if (known.use === 'used') values[name] = value
    else if (value !== known.initial) ignored.push(`--${name}`)
  }
  return { values, ignored, rest }
}

function unknownFlag(text: string): OperatorError {
  const name = text.replace(/^-+/, '').split('=')[0]
  const near = nearest(name, Object.keys(RUN_FLAGS))
  const hint = near === undefined ? '' : `; did you mean --${near}?`
  return new OperatorError('flag_unknown', `unknown flag: ${text.split('=')[0]}${hint}`)
}
