import { expect, test } from 'vitest'
import { parsePlace, printPlace } from './use-place.ts'

test.each([
  ['', { view: 'logs', component: '' }],
  ['?view=collector&component=loki.write.x', { view: 'collector', component: 'loki.write.x' }],
  ['?view=nothing', { view: 'logs', component: '' }],
])('reads %j', (search, place) => {
  expect(parsePlace(search)).toEqual(place)
})

test('keeps what the logs have in the address', () => {
  const search = printPlace('?q=%7Ba%3D%22b%22%7D&from=now-1h', { view: 'collector', component: 'a/b.c' })
  expect(search).toBe('?q=%7Ba%3D%22b%22%7D&from=now-1h&view=collector&component=a%2Fb.c')
  expect(printPlace(search, { view: 'logs', component: '' })).toBe('?q=%7Ba%3D%22b%22%7D&from=now-1h')
  expect(printPlace('', { view: 'logs', component: '' })).toBe('')
})
