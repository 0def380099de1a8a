import type { Readable } from 'node:stream'
import { type Command, InvalidArgumentError } from 'commander'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type Labels, makeLabels } from '#base/labels.ts'
import { parseSize } from '#base/size.ts'
import { backfillDocker } from './backfill-docker.ts'
import { backfillFiles } from './backfill-files.ts'
import { backfillLoki } from './backfill-loki.ts'
import { makeProgress, type Progress } from './backfill-progress.ts'
import { type BackfillSink, makeBackfillSink } from './backfill-sink.ts'
import { openState, type StateFile } from './backfill-state.ts'
import { compileTime, type TimeOptions } from './backfill-time.ts'
import type { Output } from './query.ts'
import { addClientOptions, type ClientOptions } from './query-client.ts'
import { addRangeOptions, durationMs, type RangeOptions, rangeOf } from './query-time.ts'

/** The flags that every kind of backfill has. */
export interface BackfillOptions extends ClientOptions {
  readonly label: readonly string[]
  readonly state?: string
  readonly batchSize: number
  readonly rateLimit?: number
  readonly retries: number
  readonly skipRefused?: boolean
  readonly dryRun?: boolean
}

/** The flags of `logboom backfill loki`. */
export interface BackfillLokiOptions extends BackfillOptions, RangeOptions {
  readonly source: string
  readonly sourceOrgId?: string
  readonly sourceUsername?: string
  readonly sourcePassword?: string
  readonly sourceBearerToken?: string
  readonly query: string
  readonly limit: number
  readonly window: string
}

/** The flags of `logboom backfill docker`. */
export interface BackfillDockerOptions extends BackfillOptions {
  readonly host?: string
  readonly since?: string
}

/** What a command runs in. */
export interface BackfillEnvironment extends Output {
  readonly stdin: Readable
  readonly signal: AbortSignal
}

const HELP = `
Examples:
  logboom backfill files --label job=nginx access.log access.log.1 access.log.2.gz
  docker logs --timestamps shop 2>&1 | logboom backfill files --label container=shop --strip-timestamp -
  logboom backfill loki --source http://old:3100 --query '{namespace="prod"}' --since 7d --state copy.json`

/** Mounts `logboom backfill`: lines from elsewhere into any server that speaks Loki's push API. */
export function registerBackfill(program: Command): void {
  const backfill = program
    .command('backfill')
    .description('copy lines from files, containers or another Loki into a server')
    .addHelpText('after', HELP)
  const files = backfill
    .command('files')
    .description('lines of files (plain, gzip, zstd) or of standard input')
    .argument('<path...>', 'files; - is standard input')
  addBackfillOptions(files)
    .option('--timestamp-format <format>', 'auto, rfc3339, unix[_ms|_us|_ns], or a layout of Go', 'auto')
    .option('--timestamp-regex <regex>', 'its first group is the time')
    .option('--timestamp-json <key>', 'the time is under this key of JSON lines: a.b for nested ones')
    .option('--timestamp-zone <zone>', 'zone of times that name none', 'UTC')
    .option('--strip-timestamp', 'take the time off the beginning of lines')
    .action((names: string[], options: BackfillOptions & TimeOptions) =>
      untilSignal((environment) => runBackfillFiles(names, options, environment)),
    )
  const docker = backfill
    .command('docker')
    .description('what the Docker Engine has kept of containers')
    .argument('[container...]', 'names or ids; all where none is given')
  addBackfillOptions(docker)
    .option('--host <address>', 'of the engine, as in DOCKER_HOST; found by itself otherwise')
    .option('--since <duration>', 'how far back; everything otherwise')
    .action((names: string[], options: BackfillDockerOptions) =>
      untilSignal((environment) => runBackfillDocker(names, options, environment)),
    )
  const loki = backfill.command('loki').description('another Loki, window by window')
  addRangeOptions(addBackfillOptions(loki))
    .requiredOption('--source <url>', 'address of the Loki to copy from')
    .option('--source-org-id <tenant>', 'X-Scope-OrgID to send there')
    .option('--source-username <name>', 'HTTP basic auth user there')
    .option('--source-password <password>', 'HTTP basic auth password there')
    .option('--source-bearer-token <token>', 'bearer token to send there')
    .requiredOption('--query <logql>', 'what to copy: a selector, or a log query')
    .option(
      '--limit <n>',
      "lines per request: at most the source's max_entries_limit_per_query",
      positive,
      5000,
    )
    .option('--window <duration>', 'first window of time to ask for', '1h')
    .action((options: BackfillLokiOptions) =>
      untilSignal((environment) => runBackfillLoki(options, environment)),
    )
}

function addBackfillOptions(command: Command): Command {
  return addClientOptions(command)
    .option('--label <name=value>', 'label of the lines (repeatable)', collect, [])
    .option('--state <file>', 'keep there what is done, and go on from there')
    .option('--batch-size <size>', 'lines of a push, such as 512KB', size, 1024 * 1024)
    .option('--rate-limit <size>', 'lines per second at most, such as 5MB', size)
    .option('--retries <n>', 'tries after a push fails with 429, 5xx or no answer', positive, 10)
    .option('--skip-refused', 'go on where the server refuses lines (too old, too long)')
    .option('--dry-run', 'read and count everything, push nothing')
}

/**
 * Copies files.
 * @throws OperatorError for flags that make no sense, and as `backfillFiles`
 */
export async function runBackfillFiles(
  names: readonly string[],
  options: BackfillOptions & TimeOptions,
  environment: BackfillEnvironment,
): Promise<void> {
  const labels = labelsOf(options.label)
  if (labels.length === 0) throw new OperatorError('usage', 'give the lines a label: --label job=nginx')
  const readTime = compileTime(options)
  const job = `files to ${options.addr} ${JSON.stringify(labels)}`
  await run(options, job, environment, async ({ sink, stateFile, progress, signal }) => {
    const { counts } = sink
    const onProgress = (done: number, all: number): void =>
      progress.update(all === 0 ? undefined : done / all, counts.lines, counts.bytes)
    const { stdin } = environment
    const work = { names, labels, readTime, sink, stateFile, stdin, onProgress }
    const { untimed, skipped, empty } = await backfillFiles(work, signal)
    return [
      ...(skipped > 0 ? [`${skipped} lines were copied before`] : []),
      ...(untimed > 0 ? [`${untimed} lines without a time have that of the line before`] : []),
      ...(empty > 0 ? [`${empty} empty lines left out`] : []),
    ]
  })
}

/**
 * Copies the logs of containers.
 * @throws OperatorError for flags that make no sense, and as `backfillDocker`
 */
export async function runBackfillDocker(
  containers: readonly string[],
  options: BackfillDockerOptions,
  environment: BackfillEnvironment,
): Promise<void> {
  const labels = labelsOf(options.label)
  const { host, since } = options
  const sinceS = since === undefined ? 0 : Math.floor((Date.now() - durationMs('--since', since)) / 1000)
  await run(options, `docker to ${options.addr}`, environment, async ({ sink, progress, signal }) => {
    const { counts } = sink
    const onProgress = (done: number, all: number): void =>
      progress.update(done / all, counts.lines, counts.bytes)
    await backfillDocker({ containers, host, sinceS, labels, sink, onProgress }, signal)
    return []
  })
}

/**
 * Copies from a Loki.
 * @throws OperatorError for flags that make no sense, and as `backfillLoki`
 */
export async function runBackfillLoki(
  options: BackfillLokiOptions,
  environment: BackfillEnvironment,
): Promise<void> {
  const range = rangeOf(options, Date.now())
  const from: ClientOptions = {
    addr: options.source,
    orgId: options.sourceOrgId,
    username: options.sourceUsername,
    password: options.sourcePassword,
    bearerToken: options.sourceBearerToken,
  }
  const { query, limit } = options
  const windowNs = BigInt(Math.max(1, Math.round(durationMs('--window', options.window)))) * 1_000_000n
  const name = `${options.source} ${query} to ${options.addr}`
  await run(options, name, environment, async ({ sink, stateFile, progress, signal }) => {
    const labels = labelsOf(options.label)
    const onProgress = (done: bigint, all: bigint): void =>
      progress.update(Number(done) / Number(all), sink.counts.lines, sink.counts.bytes)
    await backfillLoki({ from, query, range, limit, windowNs, labels, sink, stateFile, onProgress }, signal)
    return []
  })
}

interface Running {
  readonly sink: BackfillSink
  readonly stateFile: StateFile
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Runs a copy, and says what came of it, however it ended. */
async function run(
  options: BackfillOptions,
  job: string,
  { stderr, stdout, signal }: BackfillEnvironment,
  copy: (running: Running) => Promise<string[]>,
): Promise<void> {
  const progress = makeProgress(stderr)
  const stateFile = openState(options.dryRun ? undefined : options.state, job)
  if (stateFile.isResumed)
    progress.note(`going on from ${options.state}: ${stateFile.state.lines} lines are copied`)
  const sink = makeBackfillSink(
    {
      client: options,
      batchBytes: options.batchSize,
      bytesPerSecond: options.rateLimit ?? Number.POSITIVE_INFINITY,
      maxRetries: options.retries,
      skipRefused: options.skipRefused === true,
      dryRun: options.dryRun === true,
      onRetry: progress.note,
    },
    signal,
  )
  const notes: string[] = []
  try {
    notes.push(...(await copy({ sink, stateFile, progress, signal })))
  } catch (error) {
    const resume = options.state === undefined ? '' : '; the same command goes on from there'
    notes.push(signal.aborted ? `interrupted${resume}` : `ended by an error${resume}`)
    throw signal.aborted ? new OperatorError('backfill_interrupted', 'interrupted') : error
  } finally {
    progress.end()
    const { lines, bytes, pushes, retries, refused } = sink.counts
    const verb = options.dryRun ? 'would be copied' : 'copied'
    const more = retries > 0 ? ` (${retries} tried again)` : ''
    stdout.write(`${lines} lines ${verb}, ${bytes} bytes, in ${pushes} pushes${more}\n`)
    if (refused > 0) stdout.write(`${refused} lines were in pushes of which the server refused lines\n`)
    for (const note of notes) stdout.write(`${note}\n`)
  }
}

/** Ends a command in order at the first Ctrl-C, at once at the second. */
async function untilSignal(command: (environment: BackfillEnvironment) => Promise<void>): Promise<void> {
  const abort = new AbortController()
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(130)
    abort.abort(new Error('interrupted'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const { stdout, stderr, stdin } = process
  try {
    await command({ stdout, stderr, stdin, signal: abort.signal })
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function labelsOf(texts: readonly string[]): Labels {
  return makeLabels(
    texts.map((text) => {
      const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text)
      if (match === null) throw new OperatorError('usage', `--label ${text}: give name=value`)
      return [match[1], match[2]] as const
    }),
  )
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a number above 0.')
  return Number(text)
}

function size(text: string): number {
  try {
    const bytes = parseSize(text)
    if (bytes > 0) return bytes
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error))
  }
  throw new InvalidArgumentError('Give a size above 0.')
}
