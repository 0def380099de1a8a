import { expect, test } from 'vitest'
import { makeFairQueue } from './fair-queue.ts'

const never = new AbortController().signal

interface Job {
  readonly done: Promise<void>
  finish(): void
}

function job(
  queue: ReturnType<typeof makeFairQueue>,
  tenant: string,
  log: string[],
  name: string,
  signal = never,
): Job {
  let finish = (): void => undefined
  const held = new Promise<void>((resolve) => {
    finish = resolve
  })
  const done = queue.run(tenant, signal, async () => {
    log.push(name)
    await held
  })
  return { done, finish }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('tenants take turns, whoever has more waiting', async () => {
  const queue = makeFairQueue({ maxRunning: 1, maxWaiting: 0 })
  const log: string[] = []
  const names = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']
  const jobs = new Map(names.map((name) => [name, job(queue, name[0], log, name)]))
  expect([queue.running, queue.waiting]).toEqual([1, 5])
  for (let i = 0; i < names.length; i++) {
    await settle()
    jobs.get(log[i])?.finish()
  }
  await Promise.all([...jobs.values()].map(({ done }) => done))
  expect(log).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
  expect([queue.running, queue.waiting]).toEqual([0, 0])
})

test('what fails frees its place; what is aborted while it waits never runs', async () => {
  const queue = makeFairQueue({ maxRunning: 1, maxWaiting: 2 })
  const log: string[] = []
  const first = job(queue, 'a', log, 'first')
  const leaving = new AbortController()
  const second = job(queue, 'a', log, 'second', leaving.signal)
  const third = job(queue, 'a', log, 'third')
  await expect(queue.run('a', never, async () => undefined)).rejects.toMatchObject({
    status: 429,
    message: 'too many outstanding requests',
  })
  leaving.abort(new Error('gone'))
  await expect(second.done).rejects.toThrow('gone')
  first.finish()
  await first.done
  const failing = queue.run('b', never, () => Promise.reject(new Error('bad')))
  third.finish()
  await third.done
  await expect(failing).rejects.toThrow('bad')
  expect([queue.running, queue.waiting]).toEqual([0, 0])
  expect(log).toEqual(['first', 'third'])
})
