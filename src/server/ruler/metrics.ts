import { Counter, Gauge, Histogram, type Registry } from '#base/metrics.ts'

type GroupLabel = 'user' | 'rule_group'

/** What the ruler counts, under the names that Loki's dashboards and alerts use. */
export interface RulerMetrics {
  readonly evaluations: Counter<GroupLabel>
  readonly evaluationFailures: Counter<GroupLabel>
  readonly evaluationSeconds: Histogram<'user'>
  readonly iterations: Counter<GroupLabel>
  readonly iterationsMissed: Counter<GroupLabel>
  readonly groupSeconds: Histogram<'user'>
  readonly groupInterval: Gauge<GroupLabel>
  readonly groupRules: Gauge<GroupLabel>
  readonly lastEvaluation: Gauge<GroupLabel>
  readonly lastDuration: Gauge<GroupLabel>
  readonly lastSamples: Gauge<GroupLabel>
  readonly notificationsSent: Counter<'user' | 'alertmanager'>
  readonly notificationErrors: Counter<'user' | 'alertmanager'>
  readonly notificationsDropped: Counter<'user'>
  readonly notificationSeconds: Histogram<'user' | 'alertmanager'>
  readonly queueLength: Gauge<'user'>
  readonly queueCapacity: Gauge<'user'>
  readonly alertmanagers: Gauge<'user'>
  readonly managers: Gauge
  readonly reloadOk: Gauge<'user'>
  readonly reloadTime: Gauge<'user'>
  readonly reloads: Counter<'user'>
  readonly samplesSent: Counter<'tenant' | 'remote_name'>
  readonly samplesFailed: Counter<'tenant' | 'remote_name'>
  readonly samplesDropped: Counter<'tenant' | 'remote_name'>
  readonly samplesPending: Gauge<'tenant' | 'remote_name'>
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]

/** Makes the metrics of one registry, all named `loki_…`. */
interface Maker {
  counter<L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L>
  seconds<L extends string>(name: string, help: string, ...labelNames: L[]): Histogram<L>
}

/** Registers the ruler's metrics. */
export function makeRulerMetrics(registry: Registry): RulerMetrics {
  const registers = [registry]
  const maker: Maker = {
    counter: (name, help, ...labelNames) =>
      new Counter({ name: `loki_${name}`, help, labelNames, registers }),
    gauge: (name, help, ...labelNames) => new Gauge({ name: `loki_${name}`, help, labelNames, registers }),
    seconds: (name, help, ...labelNames) =>
      new Histogram({ name: `loki_${name}`, help, labelNames, buckets: SECONDS, registers }),
  }
  return {
    ...ruleMetrics(maker),
    ...groupMetrics(maker),
    ...notificationMetrics(maker),
    ...reloadMetrics(maker),
    ...remoteMetrics(maker),
  }
}

const GROUP = ['user', 'rule_group'] as const

function ruleMetrics({ counter, seconds }: Maker) {
  const name = 'prometheus_rule_evaluation'
  return {
    evaluations: counter(`${name}s_total`, 'Evaluations of rules.', ...GROUP),
    evaluationFailures: counter(`${name}_failures_total`, 'Evaluations of rules that failed.', ...GROUP),
    evaluationSeconds: seconds(
      `${name}_duration_seconds`,
      'How long the evaluation of a rule takes.',
      'user',
    ),
  }
}

function groupMetrics({ counter, gauge, seconds }: Maker) {
  const name = 'prometheus_rule_group'
  const missed = 'Evaluations of groups that were left out because the one before took too long.'
  return {
    iterations: counter(`${name}_iterations_total`, 'Evaluations of groups that were due.', ...GROUP),
    iterationsMissed: counter(`${name}_iterations_missed_total`, missed, ...GROUP),
    groupSeconds: seconds(`${name}_duration_seconds`, 'How long the evaluation of a group takes.', 'user'),
    groupInterval: gauge(`${name}_interval_seconds`, 'Interval of a group.', ...GROUP),
    groupRules: gauge(`${name}_rules`, 'Rules of a group.', ...GROUP),
    lastEvaluation: gauge(
      `${name}_last_evaluation_timestamp_seconds`,
      'When a group was last evaluated.',
      ...GROUP,
    ),
    lastDuration: gauge(`${name}_last_duration_seconds`, 'How long that took.', ...GROUP),
    lastSamples: gauge(`${name}_last_evaluation_samples`, 'How many samples it gave.', ...GROUP),
  }
}

function notificationMetrics({ counter, gauge, seconds }: Maker) {
  const name = 'prometheus_notifications'
  const receiver = ['user', 'alertmanager'] as const
  return {
    notificationsSent: counter(`${name}_sent_total`, 'Alerts sent.', ...receiver),
    notificationErrors: counter(`${name}_errors_total`, 'Alerts that did not arrive.', ...receiver),
    notificationsDropped: counter(`${name}_dropped_total`, 'Alerts given up.', 'user'),
    notificationSeconds: seconds(`${name}_latency_seconds`, 'How long it takes to send alerts.', ...receiver),
    queueLength: gauge(`${name}_queue_length`, 'Alerts that wait to be sent.', 'user'),
    queueCapacity: gauge(`${name}_queue_capacity`, 'Alerts that may wait.', 'user'),
    alertmanagers: gauge(`${name}_alertmanagers_discovered`, 'Alertmanagers that are told.', 'user'),
  }
}

function reloadMetrics({ counter, gauge }: Maker) {
  const last = 'ruler_config_last_reload_successful'
  return {
    managers: gauge('ruler_managers_total', 'Tenants that have rules.'),
    reloadOk: gauge(last, 'Whether the rules could be read the last time.', 'user'),
    reloadTime: gauge(`${last}_seconds`, 'When the rules were last read without fault.', 'user'),
    reloads: counter('ruler_config_updates_total', 'How often rules changed.', 'user'),
  }
}

function remoteMetrics({ counter, gauge }: Maker) {
  const name = 'ruler_wal_prometheus_remote_storage_samples'
  const remote = ['tenant', 'remote_name'] as const
  return {
    samplesSent: counter(`${name}_total`, 'Samples that a remote took.', ...remote),
    samplesFailed: counter(`${name}_retried_total`, 'Samples that did not arrive at first.', ...remote),
    samplesDropped: counter(`${name}_failed_total`, 'Samples refused, or too old.', ...remote),
    samplesPending: gauge(`${name}_pending`, 'Samples that wait to be sent.', ...remote),
  }
}
