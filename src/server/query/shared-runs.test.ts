import { expect, test } from 'vitest'
import { makeSharedRuns } from './shared-runs.ts'

const never = new AbortController().signal

function setUp() {
  let joins = 0
  const log: string[] = []
  const shared = makeSharedRuns<{ isGood: boolean }>(() => joins++)
  const finishes: (() => void)[] = []
  const ask = (name: string, signal = never, begun = { isGood: true }): Promise<unknown> =>
    shared.run(
      'key',
      signal,
      ({ isGood }) => isGood,
      () => begun,
      (_, ending) =>
        new Promise((resolve, reject) => {
          log.push(`${name} begins`)
          finishes.push(() => resolve(name))
          ending.addEventListener('abort', () => {
            log.push(`${name} is ended`)
            reject(ending.reason)
          })
        }),
    )
  return { ask, log, finishes, joins: () => joins }
}

test('who asks the same while it is being found out is told the same', async () => {
  const { ask, log, finishes, joins } = setUp()
  const answers = [ask('a'), ask('b'), ask('c')]
  finishes[0]()
  expect(await Promise.all(answers)).toEqual(['a', 'a', 'a'])
  expect([log, joins()]).toEqual([['a begins'], 2])
  const later = ask('d')
  finishes[1]()
  expect(await later).toBe('d')
})

test('what no longer fits is not joined', async () => {
  const { ask, finishes } = setUp()
  const begun = { isGood: true }
  const first = ask('a', never, begun)
  begun.isGood = false
  const second = ask('b')
  for (const finish of finishes) finish()
  expect(await Promise.all([first, second])).toEqual(['a', 'b'])
})

test('who leaves does not take the answer from the others; the last one ends the work', async () => {
  const { ask, log, finishes } = setUp()
  const [one, other] = [new AbortController(), new AbortController()]
  const first = ask('a', one.signal)
  const second = ask('b', other.signal)
  one.abort(new Error('left'))
  await expect(first).rejects.toThrow('left')
  finishes[0]()
  expect(await second).toBe('a')
  const [third, fourth] = [new AbortController(), new AbortController()]
  const both = [ask('c', third.signal), ask('d', fourth.signal)]
  third.abort(new Error('left'))
  fourth.abort(new Error('left, too'))
  await expect(both[0]).rejects.toThrow('left')
  await expect(both[1]).rejects.toThrow('left, too')
  expect(log).toEqual(['a begins', 'c begins', 'c is ended'])
})
