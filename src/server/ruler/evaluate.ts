import { setTimeout as sleep } from 'node:timers/promises'
import { loadLater } from '#base/load-later.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { ResultSample } from '#logql/engine/types.ts'
import type { LogStore } from '#store/types.ts'

const evaluation = loadLater(() => import('./evaluate-expr.ts'))

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
      const { evaluateExpr } = await evaluation()
      return await evaluateExpr({ store, shortcuts, limits: limitsOf(tenant) }, tenant, expr, tsMs, signal)
    } finally {
      release()
    }
  }
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
