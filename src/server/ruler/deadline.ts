/**
 * Runs something with a signal that ends with `signal`, or `timeoutMs` later with `reason`; 0 is no deadline.
 * Leaves nothing behind on `signal`, which may live as long as the server.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  timeoutMs: number,
  reason: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const onEnd = (): void => abort.abort(signal.reason)
  if (signal.aborted) onEnd()
  signal.addEventListener('abort', onEnd, { once: true })
  const timer = timeoutMs > 0 ? setTimeout(() => abort.abort(reason()), timeoutMs) : undefined
  timer?.unref()
  try {
    return await run(abort.signal)
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onEnd)
  }
}
