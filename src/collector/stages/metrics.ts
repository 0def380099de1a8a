import { parseGoDuration } from '#base/duration.ts'
import type { AttributeSchema, BodySchema } from '../runtime/component.ts'
import { type Extracted, extractedText, type StageEntry } from './entry.ts'
import type { SeriesMetric, SeriesMetricKind } from './series-metric.ts'
import { type StageContext, type StageDefinition, simpleStage } from './stage.ts'

/** Alloy's name for what has no prefix of its own. */
const DEFAULT_PREFIX = 'loki_process_custom_'

interface MetricArgs {
  readonly name: string
  readonly description: string
  readonly source: string
  readonly prefix: string
  readonly max_idle_duration: number
  readonly value?: string
  readonly action: string
  readonly match_all: boolean
  readonly count_entry_bytes: boolean
  readonly buckets: readonly number[]
}

interface MetricBlock {
  readonly name: 'metric.counter' | 'metric.gauge' | 'metric.histogram'
  readonly args: MetricArgs
}

const COMMON: Readonly<Record<string, AttributeSchema>> = {
  name: { type: 'string', required: true },
  description: { type: 'string', default: '' },
  source: { type: 'string', default: '' },
  prefix: { type: 'string', default: '' },
  max_idle_duration: { type: 'duration', default: 300_000 },
  value: { type: 'string', default: '' },
}

const BLOCKS: Readonly<Record<string, BodySchema>> = {
  'metric.counter': {
    attributes: {
      ...COMMON,
      action: { type: 'string', required: true },
      match_all: { type: 'bool', default: false },
      count_entry_bytes: { type: 'bool', default: false },
    },
    validate: (args) => checkCounter(args as unknown as MetricArgs),
  },
  'metric.gauge': {
    attributes: { ...COMMON, action: { type: 'string', required: true } },
    validate: (args) => checkGauge(args as unknown as MetricArgs),
  },
  'metric.histogram': {
    attributes: { ...COMMON, buckets: { type: { list: 'number' }, required: true } },
    validate: (args) => checkHistogram(args as unknown as MetricArgs),
  },
}

/**
 * `stage.metrics`: counts lines, or numbers extracted from them, in metrics that stand on the collector's
 * `/metrics` with the line's labels. The lines pass unchanged.
 */
export const metricsStage: StageDefinition<{ readonly metrics: readonly MetricBlock[] }> = {
  name: 'stage.metrics',
  schema: { attributes: {}, ordered: { field: 'metrics', blocks: BLOCKS } },
  build({ metrics }, next, context) {
    const recorders = metrics.map((block) => makeRecorder(block, context))
    return simpleStage(next, (entry) => {
      for (const record of recorders) record(entry)
    })
  },
}

function checkCommon({ name, prefix, max_idle_duration: maxIdleMs }: MetricArgs): void {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix + name)) {
    throw new Error(`metrics stage: ${JSON.stringify(prefix + name)} is not a valid metric name`)
  }
  if (maxIdleMs < 1000) throw new Error('max_idle_duration must be greater or equal to 1s')
}

function checkCounter(args: MetricArgs): void {
  checkCommon(args)
  if (args.action !== 'inc' && args.action !== 'add') {
    throw new Error('the `action` counter field must be either `inc` or `add`')
  }
  if (args.match_all && args.value !== '') {
    throw new Error('a `counter` metric supports either `match_all` or a `value`, but not both')
  }
  if (!args.count_entry_bytes) return
  if (!args.match_all || args.action !== 'add') {
    throw new Error('the `count_entry_bytes` counter field requires `match_all` = true and `action` = "add"')
  }
}

const GAUGE_ACTIONS: readonly string[] = ['set', 'inc', 'dec', 'add', 'sub']

function checkGauge(args: MetricArgs): void {
  checkCommon(args)
  if (!GAUGE_ACTIONS.includes(args.action)) {
    throw new Error('the `action` gauge field must be one of `set`, `inc`, `dec`, `add` and `sub`')
  }
}

function checkHistogram(args: MetricArgs): void {
  checkCommon(args)
  if (args.buckets.length === 0) throw new Error('a `histogram` metric needs at least one bucket')
  for (const [i, bound] of args.buckets.entries()) {
    if (i > 0 && !(bound > args.buckets[i - 1])) {
      throw new Error('the `buckets` of a `histogram` metric must be in increasing order')
    }
  }
}

type Recorder = (entry: StageEntry) => void

const KINDS: Readonly<Record<MetricBlock['name'], SeriesMetricKind>> = {
  'metric.counter': 'counter',
  'metric.gauge': 'gauge',
  'metric.histogram': 'histogram',
}

function makeRecorder({ name, args }: MetricBlock, context: StageContext): Recorder {
  const metric = context.seriesMetric({
    kind: KINDS[name],
    name: `${args.prefix || DEFAULT_PREFIX}${args.name}`,
    help: args.description,
    maxIdleMs: args.max_idle_duration,
    buckets: args.buckets ?? [],
  })
  const source = args.source || args.name
  if (args.match_all) return matchAllRecorder(metric, args)
  const apply = applier(metric, name, args.action)
  return (entry) => {
    if (!entry.extracted.has(source)) return
    const value = entry.extracted.get(source)
    if (args.value && extractedText(value) !== args.value) return
    const number = ['inc', 'dec'].includes(args.action) ? 1 : numberOf(value)
    if (number !== undefined) apply(entry, number)
    else context.logger.debug({ metric: args.name, source }, 'stage.metrics: the value is no number')
  }
}

/** Counts every line, whether anything was extracted from it or not. */
function matchAllRecorder(metric: SeriesMetric, args: MetricArgs): Recorder {
  return (entry) => {
    const { rawLine } = entry
    const sizeBytes = typeof rawLine === 'string' ? Buffer.byteLength(rawLine) : rawLine.length
    if (args.count_entry_bytes) metric.of(entry.labels).value += sizeBytes
    else if (args.action === 'inc') metric.of(entry.labels).value++
  }
}

function applier(
  metric: SeriesMetric,
  name: MetricBlock['name'],
  action: string,
): (entry: StageEntry, value: number) => void {
  if (name === 'metric.histogram') return (entry, value) => metric.observe(entry.labels, value)
  switch (action) {
    case 'set':
      return (entry, value) => {
        metric.of(entry.labels).value = value
      }
    case 'dec':
    case 'sub':
      return (entry, value) => {
        metric.of(entry.labels).value -= value
      }
    default:
      return (entry, value) => {
        // A counter never falls.
        if (value >= 0 || name !== 'metric.counter') metric.of(entry.labels).value += value
      }
  }
}

/** A number, a text that is one, or the seconds of a Go duration. */
function numberOf(value: Extracted): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  try {
    return parseGoDuration(text) / 1000
  } catch {
    return undefined
  }
}
