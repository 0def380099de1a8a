import type { Limits } from '#config/schema/limits.ts'
import { queryInstant } from '#logql/engine/engine.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import { parseExpr } from '#logql/syntax/parser.ts'
import type { LogStore } from '#store/types.ts'
import { checkBytesRead } from '../query/check-bytes.ts'
import { checkExpr } from '../query/check-limits.ts'
import { engineLimits } from '../query/engine-limits.ts'
import { withDeadline } from './deadline.ts'
import { RuleError } from './rule-error.ts'

/** What an expression is evaluated over, and under which limits. */
export interface EvaluationSettings {
  readonly store: LogStore
  readonly limits: Limits
  readonly shortcuts: boolean
}

/** Evaluates an expression at a moment. @throws Error whose text becomes the rule's `lastError` */
export async function evaluateExpr(
  { store, limits, shortcuts }: EvaluationSettings,
  tenant: string,
  expr: string,
  tsMs: number,
  signal: AbortSignal,
): Promise<readonly ResultSample[]> {
  const parsed = parseExpr(expr)
  checkExpr(parsed, expr, limits, new Map())
  await checkBytesRead({ store, tenant, limits, nowMs: tsMs }, parsed, tsMs, tsMs)
  const query = { query: expr, timeMs: tsMs, timeNs: 0, shortcuts }
  const result = await withDeadline(signal, limits.query_timeout, timedOut, (deadline) =>
    queryInstant(store, tenant, query, engineLimits(limits), deadline),
  )
  if (result.type === 'vector') return result.samples
  if (result.type === 'scalar') return [{ labels: [], timeMs: tsMs, value: result.value }]
  throw new RuleError('rule result is not a vector or scalar')
}

function timedOut(): RuleError {
  return new RuleError('the rule took longer than query_timeout; narrow its selector or its range')
}
