import { errorMessage } from '#base/errors.ts'
import { loadLater } from '#base/load-later.ts'
import type { Logger } from '#base/logger.ts'
import type { Rule } from '#config/rules/rule-group.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import { alertKey, type Notice } from './active-alert.ts'
import { type ActiveAlerts, takeNotices, updateAlerts } from './alerting.ts'
import type { Evaluate } from './evaluate.ts'
import { alertSamples, recordedSamples, staleSamples } from './recording.ts'
import type { WriteSample } from './remote-write-request.ts'

const template = loadLater(() => import('./alert-template.ts'))

/** A rule and what its evaluations gave. */
export interface RuleRun {
  readonly rule: Rule
  /** An alerting rule's alerts. */
  active: ActiveAlerts
  health: 'unknown' | 'ok' | 'err'
  lastError: string
  /** When it was last evaluated, ms; 0 is never. */
  evaluatedAtMs: number
  /** How long that took. */
  durationMs: number
  /** The series it last wrote, by their labels. */
  written: ReadonlyMap<string, WriteSample>
}

/** A rule that has not been evaluated. */
export function newRuleRun(rule: Rule): RuleRun {
  const none = { active: new Map(), written: new Map<string, WriteSample>() }
  return { rule, ...none, health: 'unknown', lastError: '', evaluatedAtMs: 0, durationMs: 0 }
}

/** What an evaluation needs to know. */
export interface RuleRunOptions {
  readonly tenant: string
  readonly limit: number
  readonly intervalMs: number
  readonly resendDelayMs: number
  readonly externalUrl: string
  readonly evaluate: Evaluate
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** What an evaluation gave. */
export interface RuleOutcome {
  readonly notices: readonly Notice[]
  readonly samples: readonly WriteSample[]
}

/** Evaluates a rule at `tsMs`. Never throws: what goes wrong is the rule's health and `lastError`. */
export async function runRule(run: RuleRun, tsMs: number, options: RuleRunOptions): Promise<RuleOutcome> {
  const { rule } = run
  const begun = performance.now()
  run.evaluatedAtMs = tsMs
  try {
    const samples = await options.evaluate(options.tenant, rule.expr, tsMs, options.signal)
    const outcome = await (rule.alert === ''
      ? { notices: [], samples: recordedSamples(rule, samples, tsMs, options.limit) }
      : runAlerting(run, samples, tsMs, options))
    run.health = 'ok'
    run.lastError = ''
    return withStale(run, outcome, tsMs)
  } catch (error) {
    if (!options.signal.aborted) noteFailure(run, error, options.logger)
    return { notices: [], samples: [] }
  } finally {
    run.durationMs = performance.now() - begun
  }
}

async function runAlerting(
  run: RuleRun,
  samples: readonly ResultSample[],
  tsMs: number,
  options: RuleRunOptions,
): Promise<RuleOutcome> {
  const { tenant, externalUrl, evaluate, signal, logger } = options
  const { rule } = run
  const query = (text: string): Promise<readonly ResultSample[]> => evaluate(tenant, text, tsMs, signal)
  await updateAlerts(rule, run.active, samples, tsMs, options.limit, async (text, { labels, value }) => {
    const { expandTemplate } = await template()
    const facts = { labels, value, externalUrl, nowMs: tsMs, query }
    return expandTemplate(rule.alert, text, facts, (message) =>
      logger.warn({ alert: rule.alert, err: message }, 'a template of an alert could not be filled in'),
    )
  })
  return {
    notices: takeNotices(rule, run.active, tsMs, options.resendDelayMs, options.intervalMs),
    samples: alertSamples(run.active, tsMs),
  }
}

/** Adds the marks of series that are gone. */
function withStale(run: RuleRun, outcome: RuleOutcome, tsMs: number): RuleOutcome {
  const now = new Map(outcome.samples.map((sample) => [alertKey(sample.labels), sample]))
  const gone = staleSamples(run.written, now, tsMs)
  run.written = now
  return { notices: outcome.notices, samples: [...outcome.samples, ...gone] }
}

function noteFailure(run: RuleRun, error: unknown, logger: Logger): void {
  const message = errorMessage(error)
  const name = run.rule.alert || run.rule.record
  // Once is enough for a fault that each evaluation meets again.
  if (run.lastError !== message) logger.warn({ rule: name, err: message }, 'evaluating a rule failed')
  run.health = 'err'
  run.lastError = message
}
