import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRfc3339, printRfc3339, printRfc3339Nano } from './rfc3339.ts'

describe('parseRfc3339', () => {
  test.each([
    ['1970-01-01T00:00:00Z', { ms: 0, ns: 0 }],
    ['1970-01-01T00:00:00.000000001Z', { ms: 0, ns: 1 }],
    ['2026-01-02T15:04:05.123456789Z', { ms: 1767366245123, ns: 456789 }],
    ['2026-01-02T16:04:05.5+01:00', { ms: 1767366245500, ns: 0 }],
    ['2026-01-02 15:04:05Z', { ms: 1767366245000, ns: 0 }],
    ['1969-12-31T23:59:59.999999999Z', { ms: -1, ns: 999_999 }],
    ['2026-01-02', undefined],
    ['2026-01-02T15:04:05', undefined],
    ['2026-02-30T15:04:05Z', undefined],
    ['2026-01-02T25:00:00Z', undefined],
    ['now', undefined],
    ['', undefined],
  ])('%s', (text, time) => {
    expect(parseRfc3339(text)).toEqual(time)
  })

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseRfc3339(text) === undefined || true))
  })
})

test('printing and parsing are inverse to the nanosecond', () => {
  const ms = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-30T00:00:00Z') })
  fc.assert(
    fc.property(
      ms,
      fc.integer({ min: 0, max: 999_999 }),
      fc.constantFrom('Local' as const, 'UTC' as const),
      (ms, ns, zone) => {
        expect(parseRfc3339(printRfc3339Nano({ ms, ns }, zone))).toEqual({ ms, ns })
      },
    ),
  )
})

test('whole seconds have no decimals, and seconds precision cuts them', () => {
  expect(printRfc3339Nano({ ms: 1767366245000, ns: 0 }, 'UTC')).toBe('2026-01-02T15:04:05Z')
  expect(printRfc3339Nano({ ms: 1767366245120, ns: 0 }, 'UTC')).toBe('2026-01-02T15:04:05.12Z')
  expect(printRfc3339({ ms: 1767366245123, ns: 456789 }, 'UTC')).toBe('2026-01-02T15:04:05Z')
})
