import { OperatorError } from '#base/errors.ts'
import { type LogLevel, makeLogger } from '#base/logger.ts'
import { LOKI_VERSION, VERSION } from '#base/version.ts'
import { LOKI_FLAGS, parseLokiFlags } from '#config/flags.ts'
import { type LoadedConfig, loadLokiConfig } from '#config/load.ts'
import { printConfig } from '#config/print.ts'
import { placeOf } from '#config/problem.ts'
import { startProblem } from '#config/start-checks.ts'
import { readAccessRules } from '#server/access/access-rules.ts'
import { selectorFault } from '#server/selector-fault.ts'
import { runHealth } from './health.ts'
import { runUntilSignal } from './signals.ts'
import { startServer } from './start-server.ts'

const USAGE = `Usage: logboom serve [flags]     the server alone, in Loki's place, with Loki's flags

  -config.file=loki-config.yaml   the configuration; the first that exists of a comma list
  -config.expand-env              replace \${VAR} in it
  -verify-config                  check it and exit
  -print-config-stderr            show what is in effect
  -health                         ask the server at -health.url whether it is ready
  -version

Other flags set single keys of the configuration (e.g. -server.http-listen-port=3100):
`

/** `logboom serve …`: the server alone, in Loki's place, with Loki's command line and exit codes. */
export async function serve(args: readonly string[]): Promise<void> {
  const flags = readFlags(args)
  const isOn = (name: string): boolean => /^(?:1|t|true)$/i.test(flags.get(name) ?? '')
  if (isOn('health')) {
    const ready = await runHealth(flags.get('health.url') ?? 'http://localhost:3100/ready', process)
    process.exit(ready ? 0 : 1)
  }
  if (isOn('version')) {
    console.log(`logboom ${VERSION} (Loki API ${LOKI_VERSION})`)
    return
  }
  if (isOn('list-targets')) {
    console.log('all')
    return
  }
  if (isOn('help') || isOn('h')) {
    console.error(
      `${USAGE}${[...LOKI_FLAGS.keys()]
        .sort()
        .map((name) => `  -${name}`)
        .join('\n')}`,
    )
    process.exit(2)
  }
  const accessFile = process.env.LOGBOOM_ACCESS_FILE
  const loaded = loadLokiConfig({
    file: flags.get('config.file'),
    expandEnv: isOn('config.expand-env'),
    flags: accessFile === undefined ? flags : new Map([['access.file', accessFile], ...flags]),
    checkSelector: selectorFault,
  })
  const { config } = loaded
  const logger = makeLogger(
    config.server.log_level as LogLevel,
    config.server.log_format === 'logfmt' ? 'logfmt' : 'json',
  )
  for (const warning of loaded.warnings) logger.warn({ at: placeOf(warning, loaded.file) }, warning.message)
  for (const note of loaded.notes) logger.info({ at: placeOf(note, loaded.file) }, note.message)
  if (isOn('print-config-stderr')) console.error(printConfig(config))
  if (isOn('verify-config')) {
    readAccessRules(config)
    logger.info({ file: loaded.file }, 'config is valid')
    return
  }
  checkTarget(loaded)
  const problem = startProblem(config)
  if (problem !== undefined) throw new OperatorError('config_invalid', problem)
  const server = await startServer(config, logger)
  logger.info({ url: server.url, version: VERSION }, 'Logboom serves the Loki API')
  await runUntilSignal(() => server.close(), config.shutdown_delay)
}

function readFlags(args: readonly string[]): ReadonlyMap<string, string> {
  try {
    const { values, rest } = parseLokiFlags(args)
    if (rest.length > 0) throw new OperatorError('usage', `unexpected argument: ${rest[0]}\n${USAGE}`)
    return values
  } catch (error) {
    // Go's flag package ends with 2 where flags are wrong.
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(2)
  }
}

/** A single binary has every part of Loki; a part alone makes no sense here. */
function checkTarget({ config }: LoadedConfig): void {
  if (config.target === 'all') return
  const what = `target ${config.target} is not supported`
  throw new OperatorError('target', `${what}: Logboom runs every part in one process, use -target=all`)
}
