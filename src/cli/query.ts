import { once } from 'node:events'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { printRfc3339, type TimeZone } from '#base/rfc3339.ts'
import { timestampFromNs } from '#base/timestamp.ts'
import { addClientOptions, type ClientOptions, getJson, requestUrl } from './query-client.ts'
import { explainQuery } from './query-explain.ts'
import { makeFormatter, type OutputForm } from './query-format.ts'
import { pages, resultOf } from './query-pages.ts'
import { tail } from './query-tail.ts'
import { addRangeOptions, durationMs, type RangeOptions, rangeOf, timeNs } from './query-time.ts'

/** The flags of `logboom query`, as commander reads them. */
export interface QueryOptions extends ClientOptions, RangeOptions {
  readonly limit: number
  readonly batch: number
  readonly forward?: boolean
  readonly step?: string
  readonly output: OutputForm
  readonly timezone: TimeZone
  readonly includeLabel: readonly string[]
  readonly excludeLabel: readonly string[]
  /** `--no-labels` makes it false. */
  readonly labels: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly tail?: boolean
}

/** The flags of `logboom instant-query`. */
export interface InstantQueryOptions extends ClientOptions {
  readonly now?: string
  readonly limit: number
  readonly quiet?: boolean
  readonly verbose?: boolean
}

/** Where a command writes; the process's own streams unless a test gives others. */
export interface Output {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream
}

const QUERY_HELP = `
Examples:
  logboom query '{service="order-api"} | json | request_id="7f3a"' --since 1h
  logboom query '{service="order-api"} |= "failed"' --output raw --limit 0 > failures.log
  logboom query 'sum by (service) (rate({container=~".+"}[5m]))' --since 6h --step 1m
  logboom query '{service="order-api"}' --tail`

/**
 * Mounts `logboom query` and `logboom instant-query`: logcli's commands of that name, against any Loki URL.
 */
export function registerQuery(program: Command): void {
  const query = program
    .command('query')
    .description('run a LogQL query over a range of time')
    .argument('<logql>', 'log or metric query')
    .addHelpText('after', QUERY_HELP)
  addRangeOptions(addClientOptions(query))
    .option('--limit <n>', 'lines to print at most; 0 prints all', count, 30)
    .option('--batch <n>', 'lines to ask of the server at a time', positive, 1000)
    .option('--forward', 'oldest line first')
    .option('--step <duration>', 'metric query: distance of the points')
    .addOption(outputOption())
    .addOption(new Option('--timezone <zone>', 'zone to print').choices(['Local', 'UTC']).default('Local'))
    .option('--include-label <name>', 'print this label only (repeatable)', collect, [])
    .option('--exclude-label <name>', 'leave this label out (repeatable)', collect, [])
    .option('--no-labels', 'print no labels')
    .option('-q, --quiet', 'print nothing but the result')
    .option('-v, --verbose', 'print the URL of each request')
    .option('--explain', 'print how the server answers, instead of the answer (Logboom only)')
    .option('-f, --tail', 'follow: print new lines as they arrive')
    .addOption(new Option('-t', 'same as --tail').hideHelp())
    .action(async (logql: string, options: QueryOptions & { t?: boolean }) => {
      await runQuery(logql, { ...options, tail: options.tail || options.t }, process)
    })
  const instant = program
    .command('instant-query')
    .description('run a metric query at one moment')
    .argument('<logql>', 'metric query')
  addClientOptions(instant)
    .option('--now <time>', 'moment to evaluate at: RFC 3339, or nanoseconds since 1970; default now')
    .option('--limit <n>', 'series to return at most', positive, 30)
    .option('--explain', 'print how the server answers, instead of the answer (Logboom only)')
    .option('-q, --quiet', 'print nothing but the result')
    .option('-v, --verbose', 'print the URL of the request')
    .action(async (logql: string, options: InstantQueryOptions) => {
      await runInstantQuery(logql, options, process)
    })
}

/**
 * Runs a range query and prints it: lines in the chosen form, a metric result as JSON.
 * @throws OperatorError for flags that make no sense, a server that does not answer, or refuses
 */
export async function runQuery(
  logql: string,
  options: QueryOptions,
  output: Output,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const formatter = makeFormatter({
    output: options.output,
    timezone: options.timezone,
    includeLabel: options.includeLabel,
    excludeLabel: options.excludeLabel,
    noLabels: !options.labels,
    colour: output.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  })
  const note = (text: string): void => {
    if (!options.quiet && text !== '') output.stderr.write(text)
  }
  const noteUrl = (parameters: Readonly<Record<string, string | undefined>>): void => {
    if (options.verbose) note(`${requestUrl(options, '/loki/api/v1/query_range', parameters)}\n`)
  }
  const range = rangeOf(options, Date.now())
  const limit = options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit
  const print = async (lines: Parameters<typeof formatter.page>[0]): Promise<void> => {
    const { heading, text } = formatter.page(lines)
    note(heading)
    await write(output.stdout, text)
  }
  if (options.tail) {
    const request = {
      query: logql,
      fromNs: range.fromNs,
      limit,
      batch: options.batch,
      pollMs: 1000,
      onTrouble: (message: string) => note(`logboom: ${message}\n`),
      nowNs: () => BigInt(Date.now()) * 1_000_000n,
    }
    for await (const lines of tail(options, request, signal)) await print(lines)
    return
  }
  if (options.explain) {
    const parameters = explainParameters(logql, options, range)
    noteUrl(parameters)
    await write(output.stdout, await explainQuery(options, '/loki/api/v1/query_range', parameters, signal))
    return
  }
  const request = {
    query: logql,
    range,
    limit,
    batch: options.batch,
    direction: options.forward ? ('forward' as const) : ('backward' as const),
    stepSeconds: options.step === undefined ? undefined : durationMs('--step', options.step) / 1000,
    onRequest: noteUrl,
  }
  let isEmpty = true
  for await (const page of pages(options, request, signal)) {
    if ('metric' in page || page.lines.length > 0) isEmpty = false
    if ('lines' in page) await print(page.lines)
    else await write(output.stdout, `${JSON.stringify(page.metric, undefined, 2)}\n`)
  }
  if (isEmpty) {
    const [from, to] = [range.fromNs, range.toNs].map((ns) =>
      printRfc3339(timestampFromNs(ns), options.timezone),
    )
    note(`no line matches from ${from} to ${to}\n`)
  }
}

/** The parameters of the first request that the query would send. */
function explainParameters(logql: string, options: QueryOptions, range: ReturnType<typeof rangeOf>) {
  return {
    query: logql,
    start: String(range.fromNs),
    end: String(range.toNs),
    limit: String(Math.min(options.limit || options.batch, options.batch)),
    direction: options.forward ? 'forward' : 'backward',
    step: options.step === undefined ? undefined : String(durationMs('--step', options.step) / 1000),
  }
}

/** Runs an instant metric query and prints its result as JSON. */
export async function runInstantQuery(
  logql: string,
  options: InstantQueryOptions,
  output: Output,
): Promise<void> {
  const time = options.now === undefined ? BigInt(Date.now()) * 1_000_000n : timeNs('--now', options.now)
  const parameters = { query: logql, time: String(time), limit: String(options.limit) }
  if (options.verbose && !options.quiet)
    output.stderr.write(`${requestUrl(options, '/loki/api/v1/query', parameters)}\n`)
  if (options.explain) {
    await write(output.stdout, await explainQuery(options, '/loki/api/v1/query', parameters))
    return
  }
  const { result } = resultOf(await getJson(options, '/loki/api/v1/query', parameters))
  await write(output.stdout, `${JSON.stringify(result, undefined, 2)}\n`)
}

function outputOption(): Option {
  return new Option(
    '-o, --output <form>',
    'default: time, labels, line; raw: line; jsonl: one JSON object a line',
  )
    .choices(['default', 'raw', 'jsonl'])
    .default('default')
}

/** Waits for a slow reader, so that a large result is never held in memory. */
async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

function positive(text: string): number {
  const value = count(text)
  if (value === 0) throw new InvalidArgumentError('Give a number above 0.')
  return value
}
