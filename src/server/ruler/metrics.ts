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

/** Registers the ruler's metrics. */
export function makeRulerMetrics(registry: Registry): RulerMetrics {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `loki_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge({ name: `loki_${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]): Histogram<L> =>
    new Histogram({ name: `loki_${name}`, help, labelNames, buckets: SECONDS, registers })
  const group = ['user', 'rule_group'] as const
  const receiver = ['user', 'alertmanager'] as const
  const remote = ['tenant', 'remote_name'] as const
  const storage = 'ruler_wal_prometheus_remote_storage'
  return {
    evaluations: counter('prometheus_rule_evaluations_total', 'Evaluations of rules.', ...group),
    evaluationFailures: counter(
      'prometheus_rule_evaluation_failures_total',
      'Evaluations of rules that failed.',
      ...group,
    ),
    evaluationSeconds: histogram(
      'prometheus_rule_evaluation_duration_seconds',
      'How long the evaluation of a rule takes.',
      'user',
    ),
    iterations: counter('prometheus_rule_group_iterations_total', 'Evaluations of groups due.', ...group),
    iterationsMissed: counter(
      'prometheus_rule_group_iterations_missed_total',
      'Evaluations of groups that were left out because the one before took too long.',
      ...group,
    ),
    groupSeconds: histogram(
      'prometheus_rule_group_duration_seconds',
      'How long the evaluation of a group takes.',
      'user',
    ),
    groupInterval: gauge('prometheus_rule_group_interval_seconds', 'Interval of a group.', ...group),
    groupRules: gauge('prometheus_rule_group_rules', 'Rules of a group.', ...group),
    lastEvaluation: gauge(
      'prometheus_rule_group_last_evaluation_timestamp_seconds',
      'When a group was last evaluated.',
      ...group,
    ),
    lastDuration: gauge(
      'prometheus_rule_group_last_duration_seconds',
      'How long the last evaluation of a group took.',
      ...group,
    ),
    lastSamples: gauge(
      'prometheus_rule_group_last_evaluation_samples',
      'Samples that the last evaluation of a group gave.',
      ...group,
    ),
    notificationsSent: counter('prometheus_notifications_sent_total', 'Alerts sent.', ...receiver),
    notificationErrors: counter('prometheus_notifications_errors_total', 'Alerts not sent.', ...receiver),
    notificationsDropped: counter('prometheus_notifications_dropped_total', 'Alerts given up.', 'user'),
    notificationSeconds: histogram(
      'prometheus_notifications_latency_seconds',
      'How long it takes to send alerts.',
      ...receiver,
    ),
    queueLength: gauge('prometheus_notifications_queue_length', 'Alerts that wait to be sent.', 'user'),
    queueCapacity: gauge('prometheus_notifications_queue_capacity', 'Alerts that may wait.', 'user'),
    alertmanagers: gauge(
      'prometheus_notifications_alertmanagers_discovered',
      'Alertmanagers that are told of alerts.',
      'user',
    ),
    managers: gauge('ruler_managers_total', 'Tenants that have rules.'),
    reloadOk: gauge('ruler_config_last_reload_successful', 'Whether the rules could be read.', 'user'),
    reloadTime: gauge(
      'ruler_config_last_reload_successful_seconds',
      'When the rules were last read without fault.',
      'user',
    ),
    reloads: counter('ruler_config_updates_total', 'How often rules changed.', 'user'),
    samplesSent: counter(`${storage}_samples_total`, 'Samples sent to a remote.', ...remote),
    samplesFailed: counter(
      `${storage}_samples_retried_total`,
      'Samples that a remote did not take at first, sent again.',
      ...remote,
    ),
    samplesDropped: counter(
      `${storage}_samples_failed_total`,
      'Samples that a remote refused, or that waited too long.',
      ...remote,
    ),
    samplesPending: gauge(`${storage}_samples_pending`, 'Samples that wait to be sent.', ...remote),
  }
}
