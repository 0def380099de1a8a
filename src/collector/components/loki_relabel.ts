import { Counter, Gauge, type Registry } from '#base/metrics.ts'
import { compileRules, noRules, type RelabelRules, type RuleArgs } from '#base/relabel.ts'
import { fanOut } from '../fan-out.ts'
import type { LogsReceiver } from '../pipeline.ts'
import { makeRelabelCache, type RelabelCache } from '../relabel-cache.ts'
import { ruleBlockSchema } from '../rule-block.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { deepEqual } from '../runtime/deep-equal.ts'
import { untilAborted } from './until_aborted.ts'

/** Arguments of `loki.relabel`. */
export interface LokiRelabelArgs {
  readonly forward_to: readonly LogsReceiver[]
  readonly rule: readonly RuleArgs[]
  readonly max_cache_size: number
}

/**
 * Rewrites the labels of the streams that pass, and drops those that a rule drops or that are left without a
 * label. Labels starting with `__` are kept for what comes next. Exports `receiver` and `rules`.
 */
export const lokiRelabel: ComponentDefinition<LokiRelabelArgs> = {
  name: 'loki.relabel',
  stability: 'generally-available',
  role: 'transform',
  schema: {
    attributes: {
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      max_cache_size: { type: 'number', default: 10_000 },
    },
    blocks: { rule: { body: ruleBlockSchema, repeated: true } },
    validate: (args) => {
      if (Number(args.max_cache_size) <= 0) {
        throw new Error('max_cache_size must be greater than 0 and is required')
      }
    },
  },
  build(context, args) {
    let current = args
    let rules: RelabelRules = noRules
    let cache: RelabelCache = makeRelabelCache(rules, args.max_cache_size)
    let isStopped = false
    const { processed, written } = makeMetrics(context.metrics, () => cache)
    const receiver: LogsReceiver = {
      push: async (batch) => {
        if (isStopped) throw new Error(`${context.id} has been stopped`)
        processed.inc(batch.entries.length)
        const labels = cache.apply(batch.labels)
        if (labels === undefined || labels.length === 0) {
          batch.delivery.done()
          return
        }
        await fanOut(current.forward_to, labels === batch.labels ? batch : { ...batch, labels })
        written.inc(batch.entries.length)
      },
    }
    const apply = (next: LokiRelabelArgs): void => {
      const isSame = rules !== noRules && deepEqual(current.rule, next.rule)
      if (!isSame) rules = compileRules(next.rule)
      if (!isSame || next.max_cache_size !== current.max_cache_size) {
        cache = makeRelabelCache(rules, next.max_cache_size)
      }
      current = next
      context.setExports({ receiver, rules })
    }
    apply(args)
    return {
      run: async (signal) => {
        isStopped = false
        await untilAborted(signal)
        isStopped = true
      },
      update: apply,
    }
  },
}

function makeMetrics(
  registry: Registry,
  cache: () => RelabelCache,
): { processed: Counter; written: Counter } {
  const registers = [registry]
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers })
  const fromCache = (name: string, help: string, read: (cache: RelabelCache) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(cache()))
      },
    })
  }
  fromCache('loki_relabel_cache_hits', 'Total number of cache hits', (used) => used.hits)
  fromCache('loki_relabel_cache_misses', 'Total number of cache misses', (used) => used.misses)
  fromCache('loki_relabel_cache_size', 'Total size of relabel cache', (used) => used.size)
  return {
    processed: counter('loki_relabel_entries_processed', 'Total number of log entries processed'),
    written: counter('loki_relabel_entries_written', 'Total number of log entries forwarded'),
  }
}
