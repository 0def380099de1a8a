import { expect, test } from 'vitest'
import type { ContainerSummary } from './client.ts'
import { leastAgeMs, makeUnheardEnds } from './unheard-ends.ts'

test.each([
  ['Exited (0) Less than a second ago', 0],
  ['Exited (137) 1 second ago', 1000],
  ['Exited (0) 42 seconds ago', 42_000],
  ['Exited (0) About a minute ago', 60_000],
  ['Exited (0) 59 minutes ago', 59 * 60_000],
  ['Exited (0) About an hour ago', 0],
  ['Exited (0) 3 hours ago', 2 * 3_600_000],
  ['Exited (0) 2 weeks ago', 604_800_000],
  ['Dead', undefined],
  ['Exited (0) 3 fortnights ago', undefined],
  [undefined, undefined],
])('%s is at least %s ms', (status, ageMs) => expect(leastAgeMs(status)).toBe(ageMs))

const ended = (Id: string, Status: string): ContainerSummary => ({
  ...{ Id, Status, Names: null, State: 'exited', Labels: null, Ports: null, NetworkSettings: null },
})

test('new ones, and known ones that ended again, but for those that were heard', () => {
  let nowMs = 1_000_000
  const ends = makeUnheardEnds(() => nowMs)
  const old = ended('old', 'Exited (0) 3 hours ago')
  const first = [old, ended('again', 'Exited (0) 2 hours ago')]
  expect(ends.among(first, 0)).toEqual([])
  ends.looked(first)
  nowMs += 60_000
  ends.heard('heard')
  const list = [
    old,
    ended('again', 'Exited (0) 5 seconds ago'),
    ended('new', 'Dead'),
    ended('heard', 'Exited (0) 1 second ago'),
  ]
  expect(ends.among(list, 1_000_000)).toEqual(['again', 'new'])
  expect(ends.among(list, 1_000_000)).toEqual(['again', 'new'])
  ends.looked(list)
  nowMs += 60_000
  expect(ends.among([old, ended('heard', 'Exited (0) About a minute ago')], 1_060_000)).toEqual([])
  nowMs += 60_000
  expect(ends.among([old, ended('heard', 'Exited (0) 20 seconds ago')], 1_120_000)).toEqual(['heard'])
})
