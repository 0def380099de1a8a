import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { Registry } from '#base/metrics.ts'
import type { ComponentDefinition } from './component.ts'
import type { Flow } from './flow.ts'

/** Everything that has flowed and been dropped, in numbers that only grow. */
export interface FlowReport {
  /** When it was taken, ms since the epoch: two reports make rates. */
  readonly timeMs: number
  readonly edges: readonly {
    readonly from: string
    readonly to: string
    readonly entries: number
    /** Bytes of the lines alone. */
    readonly bytes: number
  }[]
  readonly components: readonly ComponentFlow[]
}

/** What one component did with lines beside passing them on. */
export interface ComponentFlow {
  readonly id: string
  readonly role: ComponentDefinition['role']
  /**
   * What a source has read from outside; `undefined` for what reads nothing, or does not count it. `bytes`
   * are undefined where only lines are counted.
   */
  readonly read: { readonly entries: number; readonly bytes: number | undefined } | undefined
  /** What has reached servers; `undefined` for what sends nowhere. */
  readonly sent: { readonly entries: number; readonly bytes: number } | undefined
  readonly dropped: readonly { readonly reason: string; readonly entries: number }[]
}

/** What a report needs of a component. */
interface Counted {
  readonly definition: Pick<ComponentDefinition, 'role'>
  readonly metrics: Registry
}

/** Counters of what sources read: of lines, and of bytes where there is one. */
const READS: readonly (readonly [lines: string, bytes?: string])[] = [
  ['loki_source_api_entries_total', 'loki_source_api_bytes_total'],
  ['loki_source_docker_target_entries_total'],
  ['loki_source_file_read_lines_total', 'loki_source_file_read_bytes_total'],
  ['loki_source_journal_target_lines_total'],
  ['loki_source_syslog_entries_total'],
]

/** Counters of dropped lines; those without a label `reason` have the one reason given here. */
const DROPS: readonly (readonly [metric: string, reason: string])[] = [
  ['loki_process_dropped_lines_total', ''],
  ['loki_write_dropped_entries_total', ''],
  ['loki_secretfilter_lines_dropped_total', 'took too long to read'],
  ['loki_source_api_entries_dropped_total', 'by its rules'],
  ['loki_source_docker_target_too_long_lines_total', 'longer than 1 MiB'],
  ['loki_source_docker_target_parsing_errors_total', 'without a time'],
  ['loki_source_journal_target_parsing_errors_total', 'cannot be read'],
  ['loki_source_syslog_parsing_errors_total', 'cannot be read'],
  ['loki_source_syslog_empty_messages_total', 'empty'],
]

/** Reads the counters of the components and of what goes between them. */
export async function reportFlow(units: ReadonlyMap<string, Counted>, flow: Flow): Promise<FlowReport> {
  const components = await Promise.all([...units].map(([id, unit]) => componentFlow(id, unit)))
  const edges = flow.edges().map(({ from, to, entries, bytes }) => ({ from, to, entries, bytes }))
  return { timeMs: Date.now(), edges, components }
}

async function componentFlow(id: string, { definition, metrics }: Counted): Promise<ComponentFlow> {
  const samples = async (name: string): Promise<MetricValue<string>[] | undefined> => {
    const metric = metrics.getSingleMetric(name)
    return ((await metric?.get()) as MetricObjectWithValues<MetricValue<string>> | undefined)?.values
  }
  const total = async (name: string): Promise<number | undefined> => {
    const values = await samples(name)
    return values === undefined ? undefined : sum(values)
  }
  let read: ComponentFlow['read']
  for (const [lines, bytes] of READS) {
    const entries = await total(lines)
    if (entries !== undefined) read = { entries, bytes: bytes === undefined ? undefined : await total(bytes) }
  }
  const sentEntries = await samples('loki_write_sent_entries_total')
  const sentBytes = await samples('loki_write_sent_bytes_total')
  const dropped = new Map<string, number>()
  for (const [name, otherwise] of DROPS) {
    for (const { labels, value } of (await samples(name)) ?? []) {
      const reason = String(labels.reason ?? otherwise)
      if (value > 0) dropped.set(reason, (dropped.get(reason) ?? 0) + value)
    }
  }
  const unwritten =
    ((await total('loki_relabel_entries_processed')) ?? 0) -
    ((await total('loki_relabel_entries_written')) ?? 0)
  if (unwritten > 0) dropped.set('by its rules', unwritten)
  return {
    id,
    role: definition.role,
    read,
    sent: sentEntries === undefined ? undefined : { entries: sum(sentEntries), bytes: sum(sentBytes ?? []) },
    dropped: [...dropped].map(([reason, entries]) => ({ reason, entries })),
  }
}

function sum(samples: readonly MetricValue<string>[]): number {
  return samples.reduce((total, { value }) => total + value, 0)
}
