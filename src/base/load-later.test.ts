import { expect, test } from 'vitest'
import { loadLater, loadTheRest } from './load-later.ts'

const NEVER = AbortSignal.any([])

test('a module is loaded once, by whoever needs it first', async () => {
  const loads: string[] = []
  const load = (name: string) =>
    loadLater(async () => {
      loads.push(name)
      return { name }
    })
  const first = load('first')
  const second = load('second')
  expect(loads).toEqual([])
  expect(await second()).toEqual({ name: 'second' })
  expect(await second()).toBe(await second())
  await loadTheRest(NEVER)
  expect(loads).toEqual(['second', 'first'])
  await first()
  await loadTheRest(NEVER)
  expect(loads).toEqual(['second', 'first'])
})

test('the rest is not loaded once it is not wanted any more', async () => {
  const end = new AbortController()
  const loads: string[] = []
  loadLater(async () => {
    loads.push('first')
    end.abort()
  })
  loadLater(async () => void loads.push('second'))
  await loadTheRest(end.signal)
  expect(loads).toEqual(['first'])
})

test('what cannot be loaded is told to whoever needs it', async () => {
  const broken = loadLater(() => Promise.reject(new Error('no such file')))
  await expect(loadTheRest(NEVER)).rejects.toThrow('no such file')
  await expect(broken()).rejects.toThrow('no such file')
})
