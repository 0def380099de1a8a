import { getJsonAt } from '../loki/http.ts'

type Labels = Readonly<Record<string, string>>

/** An alert of a rule that is pending or firing. */
export interface Alert {
  readonly labels: Labels
  readonly annotations: Labels
  readonly state: 'pending' | 'firing'
  readonly activeAt: string
  readonly value: string
}

/** A rule as Prometheus' rules API has it. */
export interface Rule {
  readonly type: 'alerting' | 'recording'
  readonly name: string
  readonly query: string
  readonly health: 'ok' | 'err' | 'unknown'
  readonly lastError?: string
  readonly lastEvaluation: string
  /** Of alerting rules only. */
  readonly state?: 'inactive' | 'pending' | 'firing'
  /** How long it must hold, s. */
  readonly duration?: number
  readonly labels?: Labels
  readonly annotations?: Labels
  readonly alerts?: readonly Alert[]
}

/** Rules that are evaluated together. */
export interface RuleGroup {
  readonly name: string
  readonly file: string
  /** Seconds. */
  readonly interval: number
  readonly rules: readonly Rule[]
}

interface RulesBody {
  readonly data: { readonly groups: readonly RuleGroup[] }
}

/** All rules with their state. Throws LokiError with status 404 where no rules are evaluated. */
export async function listRules(signal: AbortSignal): Promise<readonly RuleGroup[]> {
  const body = await getJsonAt<RulesBody>('prometheus/api/v1/rules', {}, signal)
  return body.data.groups
}
