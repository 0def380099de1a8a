import type { Command } from 'commander'
import type { Output } from './query.ts'
import { addClientOptions, type ClientOptions, getJson, requestUrl } from './query-client.ts'
import { addRangeOptions, type RangeOptions, rangeOf } from './query-time.ts'

/** The flags of `logboom labels`. */
export interface LabelsOptions extends ClientOptions, RangeOptions {
  readonly quiet?: boolean
}

/** Mounts `logboom labels [name]`: the label names, or the values of one label. */
export function registerLabels(program: Command): void {
  const command = program
    .command('labels')
    .description('list the labels, or the values of one')
    .argument('[name]', 'label whose values to list')
  addRangeOptions(addClientOptions(command))
    .option('-q, --quiet', 'print nothing but the result')
    .action(async (name: string | undefined, options: LabelsOptions) => runLabels(name, options, process))
}

/** Prints one name or value a line, sorted as the server sorts them. */
export async function runLabels(
  name: string | undefined,
  options: LabelsOptions,
  output: Output,
): Promise<void> {
  const { fromNs, toNs } = rangeOf(options, Date.now())
  const place = name === undefined ? 'labels' : `label/${encodeURIComponent(name)}/values`
  const parameters = { start: String(fromNs), end: String(toNs) }
  const path = `/loki/api/v1/${place}`
  if (!options.quiet) output.stderr.write(`${requestUrl(options, path, parameters)}\n`)
  // Loki leaves `data` out where there is nothing.
  const { data = [] } = (await getJson(options, path, parameters)) as { data?: string[] }
  output.stdout.write(data.map((value) => `${value}\n`).join(''))
}
