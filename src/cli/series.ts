import type { Command } from 'commander'
import { labelsText, makeLabels } from '#base/labels.ts'
import type { Output } from './query.ts'
import { addClientOptions, type ClientOptions, getJson, requestUrl } from './query-client.ts'
import { addRangeOptions, type RangeOptions, rangeOf } from './query-time.ts'

/** The flags of `logboom series`. */
export interface SeriesOptions extends ClientOptions, RangeOptions {
  readonly quiet?: boolean
}

/** Mounts `logboom series <selector>`: the streams that fit. */
export function registerSeries(program: Command): void {
  const command = program
    .command('series')
    .description('list the streams that fit any of the selectors')
    .argument('<selector...>', 'stream selector, e.g. \'{service="order-api"}\'')
  addRangeOptions(addClientOptions(command))
    .option('-q, --quiet', 'print nothing but the result')
    .action(async (selectors: string[], options: SeriesOptions) => runSeries(selectors, options, process))
}

/** Prints one label set a line, in a stream selector's form. */
export async function runSeries(
  selectors: readonly string[],
  options: SeriesOptions,
  output: Output,
): Promise<void> {
  const { fromNs, toNs } = rangeOf(options, Date.now())
  const parameters = { match: selectors, start: String(fromNs), end: String(toNs) }
  if (!options.quiet) output.stderr.write(`${requestUrl(options, '/loki/api/v1/series', parameters)}\n`)
  const answer = await getJson(options, '/loki/api/v1/series', parameters)
  const { data = [] } = answer as { data?: Record<string, string>[] }
  const texts = data.map((labels) => `${labelsText(makeLabels(labels))}\n`).sort()
  output.stdout.write(texts.join(''))
}
