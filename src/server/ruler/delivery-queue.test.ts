import { expect, test, vi } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { type DeliveryOptions, type DeliveryQueue, makeDeliveryQueue } from './delivery-queue.ts'
import type { PostAnswer } from './http-post.ts'

interface Item {
  key: string
  text: string
}

interface Trial {
  queue: DeliveryQueue<Item>
  sent: string[]
  dropped: number
  attempts: boolean[]
}

/** A queue whose receiver gives the answers one after the other, and 200 from then on. */
function makeTrial(answers: (number | Error)[], options: Partial<DeliveryOptions<Item>> = {}): Trial {
  const sent: string[] = []
  const trial: Trial = { sent, dropped: 0, attempts: [], queue: undefined as unknown as DeliveryQueue<Item> }
  trial.queue = makeDeliveryQueue<Item>({
    keyOf: ({ key }) => key,
    capacity: 4,
    batchSize: 2,
    gatherMs: 0,
    minBackoffMs: 1,
    maxBackoffMs: 2,
    retries429: true,
    isLate: ({ text }) => text === 'late',
    send: async (items): Promise<PostAnswer> => {
      sent.push(items.map(({ text }) => text).join(','))
      const answer = answers.shift() ?? 200
      if (answer instanceof Error) throw answer
      return { status: answer, text: '', retryAfterMs: undefined }
    },
    onAttempt: (_count, _seconds, delivered) => trial.attempts.push(delivered),
    onDropped: (count) => {
      trial.dropped += count
    },
    onChange: () => undefined,
    logger: silentLogger,
    ...options,
  })
  return trial
}

function items(...texts: string[]): Item[] {
  return texts.map((text) => ({ key: text[0], text }))
}

async function empty({ queue }: Trial): Promise<void> {
  await vi.waitFor(() => expect(queue.size).toBe(0))
}

test('sends in order, in batches, again until taken', async () => {
  const trial = makeTrial([500, new Error('reset'), 429])
  trial.queue.add(items('a', 'b', 'c'))
  await empty(trial)
  expect(trial.sent).toEqual(['a,b', 'a,b', 'a,b', 'a,b', 'c'])
  expect(trial.attempts).toEqual([false, false, false, true, true])
  expect(trial.dropped).toBe(0)
})

test('gives up what is refused, what is late, and the oldest of too many', async () => {
  const trial = makeTrial([400])
  trial.queue.add(items('a', 'b', 'c', 'd', 'e', 'late'))
  await empty(trial)
  // Of six, two are too many; one of the rest is late, and the first batch is refused.
  expect(trial.sent).toEqual(['c,d', 'e'])
  expect(trial.dropped).toBe(5)
})

test('a newer word takes the place of the one that waits, also of one on its way', async () => {
  let answer: (status: number) => void = () => undefined
  const sent: string[] = []
  const trial = makeTrial([], {
    send: (batch) => {
      sent.push(batch.map(({ text }) => text).join(','))
      return new Promise((resolve) => {
        answer = (status) => resolve({ status, text: '', retryAfterMs: undefined })
      })
    },
  })
  trial.queue.add(items('a1', 'b1'))
  trial.queue.add(items('a2'))
  answer(200)
  await vi.waitFor(() => expect(sent).toEqual(['a1,b1', 'a2']))
  answer(200)
  await empty(trial)
})

test('what waits when it is closed is still there', async () => {
  const trial = makeTrial([500, 500, 500], { minBackoffMs: 60_000, maxBackoffMs: 60_000 })
  trial.queue.add(items('a', 'b'))
  await vi.waitFor(() => expect(trial.attempts).toEqual([false]))
  await trial.queue.close()
  expect(trial.queue.waiting()).toEqual(items('a', 'b'))
})
