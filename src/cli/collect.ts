import { parseGoDuration } from '#base/duration.ts'
import { OperatorError } from '#base/errors.ts'
import { VERSION } from '#base/version.ts'
import { startCollector } from '#collector/runtime/collector.ts'
import { loadConfigPath } from '#collector/runtime/config-files.ts'
import { startCollectorHttp } from '#collector/runtime/http.ts'
import { validateConfig } from '#collector/runtime/link.ts'
import { type Diagnostic, DiagnosticsError, hasErrors } from '#collector/syntax/diagnostic.ts'
import { renderDiagnostics } from '#collector/syntax/render-diagnostics.ts'
import { type AlloyArgs, parseAlloyFlags } from './alloy-flags.ts'
import { runFmt } from './collect-fmt.ts'
import { findPage } from './find-page.ts'
import { releaseStartMemory } from './release-start-memory.ts'
import { runUntilSignal } from './signals.ts'

/** Leaves time for the last push within the 5 s that a stop may take. */
const STOP_DEADLINE_MS = 4000

const STABILITY_LEVELS = ['generally-available', 'public-preview', 'experimental'] as const

const USAGE = `Usage: logboom collect run [flags] PATH       run a config.alloy (a file, or a folder of them)
       logboom collect validate [flags] PATH  check it without starting anything
       logboom collect fmt [-w] [-t] [FILE|-] print its canonical form; --logql: of a query
Flags are Alloy's, e.g. --storage.path=data-alloy/ --server.http.listen-addr=127.0.0.1:12345`

/** `logboom collect …`: the collector alone, in Alloy's place, with Alloy's command line. */
export async function collect(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args
  if (command === undefined || args.some((arg) => /^(?:--help|-h)$/.test(arg))) {
    console.log(USAGE)
    return
  }
  switch (command) {
    case 'run':
      return run(parseAlloyFlags(rest))
    case 'validate':
      process.exitCode = await validate(parseAlloyFlags(rest))
      return
    case 'fmt':
    case 'format':
      process.exitCode = runFmt(rest)
      return
    case '--version':
      console.log(`logboom ${VERSION}`)
      return
    default:
      console.error(USAGE)
      process.exitCode = command === 'help' ? 0 : 1
  }
}

async function validate(args: AlloyArgs): Promise<number> {
  const diagnostics = await validateConfig(loadConfigPath(pathOf(args)), { stability: stabilityOf(args) })
  report(diagnostics)
  if (!hasErrors(diagnostics)) return 0
  console.error('validation failed')
  return 1
}

async function run(args: AlloyArgs): Promise<void> {
  const path = pathOf(args)
  const { values } = args
  if (values['config.format'] !== 'alloy') {
    const what = `--config.format=${values['config.format']} is not supported`
    throw new OperatorError('config_format', `${what}; convert the file with "alloy convert" first`)
  }
  for (const name of args.ignored) console.error(`logboom: ${name} has no effect here`)
  const collector = await startCollector({
    config: { path },
    storagePath: values['storage.path'],
    stability: stabilityOf(args),
    componentShutdownDeadlineMs: parseGoDuration(values['feature.component-shutdown-deadline']),
  }).catch((error: unknown) => {
    if (!(error instanceof DiagnosticsError)) throw error
    report(error.diagnostics)
    throw new OperatorError('config_invalid', 'could not perform the initial load successfully')
  })
  const http = await startCollectorHttp(collector, {
    listenAddress: values['server.http.listen-addr'],
    pageDir: findPage(),
  })
  console.error(`logboom: ${path} runs; its page, components and metrics are at ${http.url}`)
  releaseStartMemory()
  process.on('SIGHUP', () => void collector.reload().then(report))
  await runUntilSignal(async () => {
    await collector.stop(STOP_DEADLINE_MS)
    await http.close()
  })
}

function pathOf({ rest }: AlloyArgs): string {
  if (rest.length === 1) return rest[0]
  throw new OperatorError('usage', `accepts 1 arg(s), received ${rest.length}\n${USAGE}`)
}

function stabilityOf({ values }: AlloyArgs): (typeof STABILITY_LEVELS)[number] {
  const level = STABILITY_LEVELS.find((known) => known === values['stability.level'])
  if (level !== undefined) return level
  throw new OperatorError('flag_invalid', `--stability.level must be one of ${STABILITY_LEVELS.join(', ')}`)
}

function report(diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return
  process.stderr.write(renderDiagnostics(diagnostics, { color: process.stderr.isTTY }))
}
