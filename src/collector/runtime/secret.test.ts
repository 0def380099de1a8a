import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { deepEqual } from './deep-equal.ts'
import { isSecret, makeSecret } from './secret.ts'

test('a secret shows itself nowhere', () => {
  const secret = makeSecret('hunter2')
  const shown = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }),
    Object.values(secret).join(),
  ]
  expect(shown.join()).not.toContain("'hunter2'")
  expect(String(secret)).toBe('(secret)')
  expect(JSON.stringify([secret])).toBe('["(secret)"]')
  expect(secret.reveal()).toBe('hunter2')
})

test('only makeSecret makes one', () => {
  expect(isSecret({ ...makeSecret('x') })).toBe(false)
})

test('secrets are compared by their text', () => {
  expect(deepEqual(makeSecret('a'), makeSecret('a'))).toBe(true)
  expect(deepEqual(makeSecret('a'), makeSecret('b'))).toBe(false)
  expect(deepEqual(makeSecret('a'), 'a')).toBe(false)
})
