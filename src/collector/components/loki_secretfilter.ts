import { makeLabels } from '#base/labels.ts'
import { Counter, Histogram, type Registry } from '#base/metrics.ts'
import { fanOut } from '../fan-out.ts'
import type { LogBatch, LogEntry, LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { loadGitleaksConfig } from '../secrets/gitleaks-config.ts'
import { makeSecretFinder, redact, type SecretFinder } from '../secrets/redact.ts'
import { SECRET_RULES } from '../secrets/secret-rules.ts'
import { textOf } from '../stages/entry.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
  readonly origin_label: string
  readonly redact_with: string
  readonly redact_percent: number
  /** A file of rules; empty for those of docs/secretfilter.md. */
  readonly gitleaks_config: string
  readonly rate: number
  /** Milliseconds; 0: no limit. */
  readonly processing_timeout: number
  readonly drop_on_timeout: boolean
  readonly label_timed_out: boolean
}

/** Put on lines that were let through unread because reading them took too long. */
const TIMED_OUT_LABEL = 'secretfilter_timed_out'

/** `loki.secretfilter`: hides secrets in lines. What counts as one is in docs/secretfilter.md. */
export const lokiSecretFilter: ComponentDefinition<Args> = {
  name: 'loki.secretfilter',
  stability: 'public-preview',
  role: 'transform',
  schema: {
    attributes: {
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      origin_label: { type: 'string', default: '' },
      redact_with: { type: 'string', default: '' },
      redact_percent: { type: 'number', default: 80 },
      gitleaks_config: { type: 'string', default: '' },
      rate: { type: 'number', default: 1 },
      processing_timeout: { type: 'duration', default: 0 },
      drop_on_timeout: { type: 'bool', default: false },
      label_timed_out: { type: 'bool', default: false },
    },
    validate: (decoded) => checkArgs(decoded as unknown as Args),
  },
  build: (context, args) => new LokiSecretFilter(context, args),
}

function checkArgs({ rate, redact_percent: percent }: Args): void {
  if (!(rate >= 0 && rate <= 1)) throw new Error('rate must be between 0.0 and 1.0')
  if (!(percent >= 0 && percent <= 100)) throw new Error('redact_percent must be between 0 and 100')
}

class LokiSecretFilter implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #metrics: FilterMetrics
  #args: Args
  #find: SecretFinder
  #isStopped = false

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#find = this.#makeFinder(args)
    this.#metrics = makeMetrics(context.metrics)
    context.setExports({ receiver: { push: (batch: LogBatch) => this.#push(batch) } })
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#isStopped = false
    await untilAborted(signal)
    this.#isStopped = true
  }

  update(args: Args): void {
    this.#find = this.#makeFinder(args)
    this.#args = args
  }

  #makeFinder({ gitleaks_config: path }: Args): SecretFinder {
    if (path === '') return makeSecretFinder(SECRET_RULES)
    const { rules, allowlists, notes } = loadGitleaksConfig(path)
    if (notes.length > 0) this.#context.logger.warn({ notes }, 'not all of gitleaks_config has an effect')
    return makeSecretFinder(rules, allowlists)
  }

  async #push(batch: LogBatch): Promise<void> {
    if (this.#isStopped) throw new Error(`${this.#context.id} has been stopped`)
    const started = performance.now()
    const kept: LogEntry[] = []
    const overdue: LogEntry[] = []
    for (const entry of batch.entries) {
      const made = this.#filter(entry, batch)
      if (made !== undefined) kept.push(made)
      else if (this.#args.drop_on_timeout) this.#metrics.dropped.inc()
      else if (this.#args.label_timed_out) overdue.push(entry)
      else kept.push(entry)
    }
    this.#metrics.duration.observe((performance.now() - started) / 1000)
    const { forward_to: receivers } = this.#args
    // The batch is let go of once, by whichever part is passed on last.
    if (overdue.length > 0) {
      batch.delivery.hold()
      const labels = makeLabels([...batch.labels, [TIMED_OUT_LABEL, 'true']])
      await fanOut(receivers, { ...batch, labels, entries: overdue })
    }
    if (kept.length > 0) await fanOut(receivers, { ...batch, entries: kept })
    else batch.delivery.done()
  }

  /** The entry without its secrets; undefined where the time did not suffice to read it. */
  #filter(entry: LogEntry, batch: LogBatch): LogEntry | undefined {
    const { rate, processing_timeout: timeoutMs, origin_label: originLabel } = this.#args
    if (rate < 1 && Math.random() >= rate) return entry
    const line = textOf(entry.line)
    let isTimedOut = false
    const endMs = performance.now() + timeoutMs
    const isOverdue = (): boolean => {
      isTimedOut ||= performance.now() >= endMs
      return isTimedOut
    }
    const found = this.#find(line, timeoutMs > 0 ? isOverdue : undefined)
    if (isTimedOut) {
      this.#metrics.timedOut.inc()
      return undefined
    }
    if (found.length === 0) return entry
    this.#metrics.total.inc(found.length)
    for (const { rule } of found) this.#metrics.byRule.inc({ rule })
    if (originLabel !== '') {
      const origin = batch.labels.find(([name]) => name === originLabel)?.[1] ?? ''
      this.#metrics.byOrigin.inc({ origin }, found.length)
    }
    const { redact_with: redactWith, redact_percent: redactPercent } = this.#args
    return { ...entry, line: redact(line, found, { redactWith, redactPercent }) }
  }
}

interface FilterMetrics {
  readonly total: Counter
  readonly byRule: Counter<'rule'>
  readonly byOrigin: Counter<'origin'>
  readonly timedOut: Counter
  readonly dropped: Counter
  readonly duration: Histogram
}

function makeMetrics(registry: Registry): FilterMetrics {
  const registers = [registry]
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> =>
    new Counter({ name: `loki_secretfilter_${name}`, help, labelNames: [...labelNames], registers })
  return {
    total: counter('secrets_redacted_total', 'Total number of secrets redacted.'),
    byRule: counter('secrets_redacted_by_rule_total', 'Number of secrets redacted by rule.', ['rule']),
    byOrigin: counter('secrets_redacted_by_origin', 'Number of secrets redacted by origin.', ['origin']),
    timedOut: counter('lines_timed_out_total', 'Number of lines that took too long to read.'),
    dropped: counter('lines_dropped_total', 'Number of lines dropped because they took too long to read.'),
    duration: new Histogram({
      name: 'loki_secretfilter_processing_duration_seconds',
      help: 'Time to find and redact the secrets of a batch of lines.',
      buckets: [0.0001, 0.001, 0.01, 0.1, 1],
      registers,
    }),
  }
}
