import fc from 'fast-check'
import { expect, test } from 'vitest'
import { absoluteRange, lastRange } from './time-range.ts'
import { INITIAL_STATE, parseState, printState } from './url-state.ts'

test('an empty address is the page as it opens', () => {
  expect(parseState('')).toEqual(INITIAL_STATE)
})

test('nonsense takes the default', () => {
  expect(parseState('?from=x&to=y&dir=up&tz=mars&line=abc&wrap=yes')).toEqual(INITIAL_STATE)
})

test('every state survives the address', () => {
  const range = fc.oneof(
    fc.constantFrom(lastRange('5m'), lastRange('7d')),
    fc
      .tuple(fc.integer({ min: 1e12, max: 2e12 }), fc.nat(1e9))
      .map(([from, length]) => absoluteRange(from, from + length)),
  )
  const state = fc.record({
    query: fc.string(),
    range,
    direction: fc.constantFrom('backward' as const, 'forward' as const),
    columns: fc.uniqueArray(fc.string({ minLength: 1 })),
    zone: fc.constantFrom('local' as const, 'utc' as const),
    wrap: fc.boolean(),
    live: fc.boolean(),
    line: fc.constantFrom('', '1700000000000000001'),
  })
  fc.assert(
    fc.property(state, (one) => {
      expect(parseState(printState(one))).toEqual(one)
    }),
  )
})
