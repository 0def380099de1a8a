import { expect, test } from 'vitest'
import { makePropagation } from './propagation.ts'

/** Evaluations that last until the test lets them end. */
function makeSlow() {
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const evaluate = async (id: string): Promise<void> => {
    log.push(`begin ${id}`)
    await new Promise<void>((resolve) => ends.set(id, resolve))
    log.push(`end ${id}`)
  }
  const until = async (line: string): Promise<void> => {
    while (!log.includes(line)) await new Promise((resolve) => setImmediate(resolve))
  }
  return { log, evaluate, until, end: (id: string) => ends.get(id)?.() }
}

test('a slow node holds up itself alone, and requests meanwhile become one', async () => {
  const slow = makeSlow()
  const propagation = makePropagation(slow.evaluate)
  propagation.schedule('a')
  await slow.until('begin a')
  for (let i = 0; i < 3; i++) propagation.schedule('a')
  propagation.schedule('b')
  await slow.until('begin b')
  expect(slow.log).toEqual(['begin a', 'begin b'])
  slow.end('b')
  await slow.until('end b')
  slow.end('a')
  while (slow.log.length < 5) await new Promise((resolve) => setImmediate(resolve))
  slow.end('a')
  while (slow.log.length < 6) await new Promise((resolve) => setImmediate(resolve))
  expect(slow.log.slice(3)).toEqual(['end a', 'begin a', 'end a'])
})

test('a pause waits for what runs, and holds back what comes', async () => {
  const slow = makeSlow()
  const propagation = makePropagation(slow.evaluate)
  propagation.schedule('a')
  await slow.until('begin a')
  const paused = propagation.paused(async () => {
    propagation.schedule('b')
    await new Promise((resolve) => setImmediate(resolve))
    slow.log.push('paused')
  })
  slow.end('a')
  await paused
  await slow.until('begin b')
  expect(slow.log).toEqual(['begin a', 'end a', 'paused', 'begin b'])
  slow.end('b')
})

test('nothing is evaluated after the end', async () => {
  const slow = makeSlow()
  const propagation = makePropagation(slow.evaluate)
  propagation.schedule('a')
  propagation.stop()
  propagation.schedule('b')
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(slow.log).toEqual([])
})
