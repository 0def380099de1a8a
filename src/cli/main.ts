import { setFlagsFromString } from 'node:v8'
import type { Command } from 'commander'
import { errorMessage } from '#base/errors.ts'
import { VERSION } from '#base/version.ts'
import { limitHeapGrowth } from './heap-growth.ts'
import { loadNodeModules } from './node-modules.ts'
import { freeYoungGeneration, holdYoungGeneration, sizeYoungGeneration } from './young-generation.ts'

/**
 * The `logboom` command. `serve` and `collect` take the command lines of Loki and Alloy as they are (Go
 * flags, one dash), so they read their arguments themselves; all others are ordinary commands. Each is loaded
 * only when it is asked for.
 */
async function main(argv: string[]): Promise<void> {
  const [name = 'help', ...rest] = argv
  switch (name) {
    case 'serve': {
      await loadNodeModules()
      holdYoungGeneration()
      const { serve } = await import('./serve.ts')
      tuneForServer()
      return serve(rest)
    }
    case 'collect':
      // Its container has little memory, and most of what it reads is garbage at once: collect that sooner.
      setFlagsFromString('--heap-growing-percent=50')
      setFlagsFromString('--semi-space-growth-factor=1')
      // Long loops run at the start alone, when tables are unpacked; compiling those costs 5 MB for good.
      setFlagsFromString('--no-use-osr')
      return (await import('./collect.ts')).collect(rest)
    case 'fmt':
    case 'validate':
      return (await import('./collect.ts')).collect([name, ...rest])
    default: {
      if (name === 'up') {
        await loadNodeModules()
        holdYoungGeneration()
      }
      const program = await makeProgram(name)
      if (name === 'up') tuneForServer()
      await program.parseAsync(argv, { from: 'user' })
    }
  }
}

/**
 * What pushes leave behind lies outside of the heap. V8 would look through the whole heap for it every few
 * megabytes, which is a third of what ingest costs; small collections of what is young find most of it.
 *
 * To be called when the modules are loaded: V8 takes compiled code, its own and Node's included, only for
 * the very flags that it was compiled with. What is kept for the next start is compiled at the exit.
 */
function tuneForServer(): void {
  limitHeapGrowth()
  sizeYoungGeneration()
  process.on('exit', () => {
    setFlagsFromString('--heap-growing-percent=0')
    freeYoungGeneration()
  })
}

type Register = (program: Command) => void

/** How to load each command; `npm start` should not wait for code that it does not run. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  up: async () => (await import('./up.ts')).registerUp,
  query: async () => (await import('./query.ts')).registerQuery,
  'instant-query': async () => (await import('./query.ts')).registerQuery,
  labels: async () => (await import('./labels.ts')).registerLabels,
  series: async () => (await import('./series.ts')).registerSeries,
  check: async () => (await import('./check.ts')).registerCheck,
  backfill: async () => (await import('./backfill.ts')).registerBackfill,
  health: async () => (await import('./health.ts')).registerHealth,
  status: async () => (await import('./status.ts')).registerStatus,
  rules: async () => (await import('./rules.ts')).registerRules,
  config: async () => (await import('./config.ts')).registerConfig,
  inspect: async () => (await import('./inspect.ts')).registerInspect,
  'hash-secret': async () => (await import('./hash-secret.ts')).registerHashSecret,
}

async function makeProgram(name: string): Promise<Command> {
  const { Command } = await import('commander')
  const program = new Command('logboom')
    .description('Collects, keeps and searches the logs of every container on a host.')
    .version(VERSION)
    .showHelpAfterError('(see logboom --help)')
  const wanted = name === '--version' || name === '-V' ? [] : (COMMANDS[name] ?? Object.values(COMMANDS))
  const registers = await Promise.all([wanted].flat().map((load) => load()))
  for (const register of new Set(registers)) register(program)
  if (COMMANDS[name] === undefined) describeForeign(program)
  return program
}

/** `serve` and `collect` are dispatched before commander runs; here they only appear in the help. */
function describeForeign(program: Command): void {
  program
    .command('serve')
    .description("the server alone, in Loki's place: logboom serve -config.file=loki-config.yaml")
  program
    .command('collect')
    .description("the collector alone, in Alloy's place: logboom collect run config.alloy")
  program
    .command('fmt')
    .description('print a config.alloy, or with --logql a query, in its canonical form (-w rewrites it)')
  program.command('validate').description('check a config.alloy without starting anything')
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `logboom query … | head` closes the pipe early; that is not a failure.
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`logboom: ${errorMessage(error)}`)
  process.exitCode = 1
  // A command that failed half-way may still hold sockets; nothing of it is needed any more.
  setTimeout(() => process.exit(1), 500).unref()
})
