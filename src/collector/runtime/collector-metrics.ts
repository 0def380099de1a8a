import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import { Counter, Gauge, Registry } from '#base/metrics.ts'
import { nodeCrypto } from '#base/node-crypto.ts'
import { VERSION } from '#base/version.ts'
import type { HealthState } from './component.ts'

/** The collector's metrics about itself, by Alloy's names. */
export interface CollectorMetrics {
  readonly registry: Registry
  /** Records how a load ended, and the text of the configuration. */
  recordLoad(isSuccess: boolean, text: string): void
}

/** Registers the metrics. `healths` counts the components at the time of a scrape. */
export function makeCollectorMetrics(healths: () => readonly HealthState[]): CollectorMetrics {
  const registry = new Registry()
  const registers = [registry]
  const build = new Gauge({
    name: 'alloy_build_info',
    help: 'A metric with a constant 1 value labelled by the version.',
    labelNames: ['version'],
    registers,
  })
  build.set({ version: `v${VERSION}` }, 1)
  let loadedText: string | undefined
  new Gauge({
    name: 'alloy_config_hash',
    help: 'Hash of the currently active config file.',
    labelNames: ['sha256', 'cluster_name'],
    registers,
    collect() {
      this.reset()
      if (loadedText === undefined) return
      const sha256 = nodeCrypto().createHash('sha256').update(loadedText).digest('hex')
      this.set({ sha256, cluster_name: '' }, 1)
    },
  })
  const ok = new Gauge({
    name: 'alloy_config_last_load_successful',
    help: 'Config loaded successfully.',
    registers,
  })
  const okAt = new Gauge({
    name: 'alloy_config_last_load_success_timestamp_seconds',
    help: 'Timestamp of the last successful configuration load.',
    registers,
  })
  const failures = new Counter({
    name: 'alloy_config_load_failures_total',
    help: 'Configuration load failures.',
    registers,
  })
  const running = new Gauge({
    name: 'alloy_component_controller_running_components',
    help: 'Total number of running components.',
    labelNames: ['health_type'],
    registers,
    collect() {
      this.reset()
      for (const health of healths()) this.inc({ health_type: health })
    },
  })
  running.reset()
  new Gauge({
    name: 'alloy_resources_process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  return {
    registry,
    recordLoad: (isSuccess, text) => {
      ok.set(isSuccess ? 1 : 0)
      if (!isSuccess) {
        failures.inc()
        return
      }
      okAt.set(Date.now() / 1000)
      loadedText = text
    },
  }
}

/** A registry and the labels that all its samples get. */
export interface LabelledRegistry {
  readonly registry: Registry
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The Prometheus text of several registries as one. Components of one kind register metrics of the same
 * names, so samples are brought together by name, each family with one HELP and TYPE.
 */
export async function metricsText(registries: readonly LabelledRegistry[]): Promise<string> {
  const families = new Map<string, { head: string; samples: string[] }>()
  for (const { registry, labels } of registries) {
    for (const metric of await registry.getMetricsAsJSON()) {
      const { name, type, help } = metric
      const kind = typeof type === 'string' ? type : 'untyped'
      const family = families.get(name) ?? {
        head: `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${kind}`,
        samples: [],
      }
      families.set(name, family)
      family.samples.push(...sampleLines(metric, labels))
    }
  }
  const sorted = [...families].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([, { head, samples }]) => `${[head, ...samples].join('\n')}\n`).join('')
}

function sampleLines(
  metric: MetricObjectWithValues<MetricValue<string>>,
  labels: Readonly<Record<string, string>>,
): string[] {
  return metric.values.map((sample) => {
    const { metricName } = sample as { metricName?: string }
    const pairs = Object.entries({ ...sample.labels, ...labels }).map(
      ([name, value]) => `${name}="${escapeLabel(String(value))}"`,
    )
    const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
    return `${metricName ?? metric.name}${set} ${sampleValue(sample.value)}`
  })
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')
}

function sampleValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
