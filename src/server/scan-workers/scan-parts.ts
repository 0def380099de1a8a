import type { ScanParts } from '#logql/engine/parts.ts'
import type { PlanScan } from '#store/scan-plan.ts'
import type { ScanPool } from './scan-pool.ts'

/**
 * A query whose remaining work is longer than this, milliseconds, has other threads help with it. For less, a
 * thread that has yet to get warm costs more than it saves.
 */
const MIN_WORK_MS = 400

/**
 * What queries need to have parts read by the threads of a pool; without one, everything is read by the
 * thread that asks. `minWorkMs` as in {@link ScanParts}: with 0 the pool reads whatever it can.
 */
export function makeScanParts(
  plan: PlanScan,
  pool: ScanPool | undefined,
  minWorkMs = MIN_WORK_MS,
): ScanParts {
  return {
    plan,
    threads: pool?.threads ?? 0,
    minWorkMs,
    room: () => (minWorkMs === 0 ? Number.POSITIVE_INFINITY : (pool?.room() ?? 0)),
    run: async (task, signal) => {
      if (pool === undefined) throw new Error('there are no scan threads')
      return await pool.run(task, signal)
    },
  }
}
