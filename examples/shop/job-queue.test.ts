import { expect, test } from 'vitest'
import { makeJobQueue } from './job-queue.ts'

test('delivers in order, refuses what does not fit', async () => {
  const delivered: number[] = []
  const queue = makeJobQueue<number>({
    capacity: 2,
    attempts: 1,
    retryDelayMs: 0,
    deliver: async (job) => void delivered.push(job),
    onFailure: () => undefined,
  })
  // The first job leaves the queue at once, the next two wait.
  expect([1, 2, 3, 4].map((job) => queue.offer(job))).toEqual([true, true, true, false])
  await queue.close()
  expect(delivered).toEqual([1, 2, 3])
  expect(queue.offer(5)).toBe(false)
})

test('tries again as often as told, then gives up and goes on', async () => {
  const failures: [job: string, attempt: number, willRetry: boolean][] = []
  const delivered: string[] = []
  const done = Promise.withResolvers<void>()
  const queue = makeJobQueue<string>({
    capacity: 10,
    attempts: 3,
    retryDelayMs: 1,
    async deliver(job, attempt) {
      if (job === 'bad' || attempt < 2) throw new Error('no')
      delivered.push(job)
      done.resolve()
    },
    onFailure: (job, attempt, _error, willRetry) => void failures.push([job, attempt, willRetry]),
  })
  queue.offer('bad')
  queue.offer('good')
  await done.promise
  await queue.close()
  expect(delivered).toEqual(['good'])
  expect(failures).toEqual([
    ['bad', 1, true],
    ['bad', 2, true],
    ['bad', 3, false],
    ['good', 1, true],
  ])
})
