import { expect, test } from 'vitest'
import { withDockerName, withPodmanNames } from './engine-events.ts'

test('events are asked for by the names of both engines', () => {
  const filters = { type: ['container'], event: ['start', 'die', 'destroy'] }
  expect(withPodmanNames(filters)).toEqual({
    type: ['container'],
    event: ['start', 'die', 'destroy', 'died', 'remove'],
  })
  expect(withPodmanNames({ type: ['container'] })).toEqual({ type: ['container'] })
})

test.each([
  ['died', 'die'],
  ['remove', 'destroy'],
  ['start', 'start'],
])('%s is %s', (action, expected) => {
  expect(withDockerName({ Type: 'container', Action: action }).Action).toBe(expected)
})
