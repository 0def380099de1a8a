import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { trackCursor } from './cursor.ts'
import type { LogStream } from './log-stream.ts'
import { watchForStall } from './stall-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watch(newestMs: () => number) {
  const tracker = trackCursor(undefined)
  tracker.take(0, 1000, 0)
  const close = vi.fn()
  const asked = vi.fn(async () => ({ tsMs: newestMs(), tsNs: 0 }))
  const stream = { close } as unknown as LogStream
  return { close, asked, watched: watchForStall(stream, asked, tracker, silentLogger, 30_000) }
}

test('a stream that misses lines twice is closed', async () => {
  const { close, watched } = watch(() => 5000)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(close).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(close).toHaveBeenCalledOnce()
  expect(watched.hasStalled).toBe(true)
  watched.stop()
})

test('one that misses lines that are older, as the clock was set back, is closed too', async () => {
  const { close, watched } = watch(() => 500)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(close).toHaveBeenCalledOnce()
  watched.stop()
})

test('a quiet one is asked about less and less often, and stays open', async () => {
  const { close, asked, watched } = watch(() => 1000)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(asked.mock.calls.length).toBeLessThan(20)
  expect(close).not.toHaveBeenCalled()
  watched.stop()
})

test('one that speaks is not asked about', async () => {
  const { asked, watched } = watch(() => 9000)
  for (let i = 0; i < 10; i++) {
    watched.heard()
    await vi.advanceTimersByTimeAsync(29_000)
  }
  expect(asked.mock.calls.length).toBeLessThan(2)
  watched.stop()
})

test('one that is held back by a slow server is not taken for stalled', async () => {
  const { close, watched } = watch(() => 9000)
  watched.holdBack()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(close).not.toHaveBeenCalled()
  watched.stop()
})
