import { setTimeout as sleep } from 'node:timers/promises'
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

/** Answers the expression of a rule at a moment. @throws Error whose text becomes the rule's `lastError` */
export type Evaluate = (
  tenant: string,
  expr: string,
  tsMs: number,
  signal: AbortSignal,
) => Promise<readonly ResultSample[]>

/** What evaluation works with. */
export interface EvaluateOptions {
  readonly store: LogStore
  readonly limitsOf: (tenant: string) => Limits
  readonly shortcuts: boolean
  /** `ruler.evaluation.max_jitter`: up to this long an evaluation waits, so that not all come at once. */
  readonly maxJitterMs: number
  /** How many expressions are evaluated at the same time, over all tenants. */
  readonly concurrency: number
}

/** Evaluates rules with the engine that answers queries, under the tenant's limits. */
export function makeEvaluate(options: EvaluateOptions): Evaluate {
  const { store, limitsOf, shortcuts, maxJitterMs } = options
  const take = makeSlots(options.concurrency)
  return async (tenant, expr, tsMs, signal) => {
    const jitterMs = maxJitterMs > 0 ? hashText(expr) % maxJitterMs : 0
    if (jitterMs > 0) await sleep(jitterMs, undefined, { signal, ref: false })
    const release = await take()
    try {
      signal.throwIfAborted()
      const limits = limitsOf(tenant)
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
    } finally {
      release()
    }
  }
}

function timedOut(): RuleError {
  return new RuleError('the rule took longer than query_timeout; narrow its selector or its range')
}

/** Lets `count` at a time through, the others in the order they came. */
function makeSlots(count: number): () => Promise<() => void> {
  let free = count
  const queue: (() => void)[] = []
  const release = (): void => {
    const next = queue.shift()
    if (next === undefined) free++
    else next()
  }
  return async () => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => queue.push(resolve))
    return release
  }
}

/** FNV-1a, 32 bits: spreads groups and rules over time, the same way after every start. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}
