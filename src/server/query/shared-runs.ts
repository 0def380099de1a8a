/** Work that several want the same result of. */
export interface SharedRuns<T> {
  /**
   * The result of the work, or of the same work that is under way already. `joins` is asked whether what
   * is under way will do. Who leaves (`signal`) leaves the others the result; the work ends with the last
   * of them.
   */
  run(
    key: string,
    signal: AbortSignal,
    joins: (begun: T) => boolean,
    begin: () => T,
    work: (begun: T, signal: AbortSignal) => Promise<unknown>,
  ): Promise<unknown>
}

interface Run<T> {
  readonly begun: T
  readonly result: Promise<unknown>
  readonly abort: AbortController
  waiting: number
}

/** No work is under way yet. */
export function makeSharedRuns<T>(onJoin: () => void): SharedRuns<T> {
  const runs = new Map<string, Run<T>>()
  const start = (
    key: string,
    begun: T,
    work: (begun: T, signal: AbortSignal) => Promise<unknown>,
  ): Run<T> => {
    const abort = new AbortController()
    const run: Run<T> = { begun, abort, waiting: 0, result: work(begun, abort.signal) }
    const forget = (): void => {
      if (runs.get(key) === run) runs.delete(key)
    }
    run.result.then(forget, forget)
    runs.set(key, run)
    return run
  }
  return {
    async run(key, signal, joins, begin, work) {
      signal.throwIfAborted()
      const under = runs.get(key)
      const fits = under !== undefined && !under.abort.signal.aborted && joins(under.begun)
      if (fits) onJoin()
      const run = fits ? under : start(key, begin(), work)
      run.waiting++
      try {
        return await orAbort(run.result, signal)
      } finally {
        run.waiting--
        if (run.waiting === 0) await ended(run, signal)
      }
    },
  }
}

/** Whoever leaves last sees to it that nothing goes on behind its back. */
async function ended(run: Run<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) run.abort.abort(signal.reason)
  await run.result.catch(() => undefined)
}

/** The promise, or the signal's reason as soon as that ends. */
function orAbort<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
