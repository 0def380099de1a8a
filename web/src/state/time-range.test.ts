import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeRange, formatDateTime, formatExact } from './format-time.ts'
import {
  absoluteRange,
  formatDuration,
  lastRange,
  parseDuration,
  parsePoint,
  printPoint,
  resolveRange,
  shifted,
  widened,
} from './time-range.ts'

const NOON = Date.UTC(2026, 10, 21, 12)

describe('durations', () => {
  test.each([
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['0s', null],
    ['', null],
    ['5', null],
    ['5y', null],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test('whole seconds read back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e8 }),
        (s) => parseDuration(formatDuration(s * 1000)) === s * 1000,
      ),
    )
  })
})

describe('points', () => {
  test.each([
    ['now', { kind: 'relative', agoMs: 0 }],
    ['now-90m', { kind: 'relative', agoMs: 5_400_000 }],
    ['2026-11-21 12:00:00', { kind: 'absolute', ms: NOON }],
    ['2026-11-21T13:00:00+01:00', { kind: 'absolute', ms: NOON }],
    ['2026-11-21', { kind: 'absolute', ms: Date.UTC(2026, 10, 21) }],
    [String(NOON), { kind: 'absolute', ms: NOON }],
    ['yesterday', null],
    ['2026-13-41', null],
    ['', null],
  ])('%s', (text, point) => {
    expect(parsePoint(text, 'utc')).toEqual(point)
  })

  test('print and parse agree', () => {
    for (const point of [lastRange('3h').from, absoluteRange(NOON, NOON + 1).to]) {
      expect(parsePoint(printPoint(point), 'utc')).toEqual(point)
    }
  })

  test('what a date looks like in a zone reads back in it', () => {
    for (const zone of ['utc', 'local'] as const) {
      expect(parsePoint(formatDateTime(NOON, zone), zone)).toEqual({ kind: 'absolute', ms: NOON })
    }
  })
})

test('ranges resolve, widen and shift, never past now', () => {
  expect(resolveRange(lastRange('1h'), NOON)).toEqual({ fromMs: NOON - 3_600_000, toMs: NOON })
  const wide = resolveRange(widened({ fromMs: NOON - 1_000_000, toMs: NOON }, NOON), NOON)
  expect(wide).toEqual({ fromMs: NOON - 2_000_000, toMs: NOON })
  expect(resolveRange(shifted({ fromMs: NOON - 10, toMs: NOON }, -1, NOON), NOON)).toEqual({
    fromMs: NOON - 20,
    toMs: NOON - 10,
  })
  expect(resolveRange(shifted({ fromMs: NOON - 10, toMs: NOON }, 1, NOON), NOON).toMs).toBe(NOON)
})

test('in words', () => {
  expect(describeRange(lastRange('1h'), 'utc')).toBe('Last 1 hour')
  expect(describeRange(absoluteRange(NOON, NOON + 60_000), 'utc')).toBe('2026-11-21 12:00:00 – 12:01:00')
  expect(formatExact(`${NOON}123456`, 'utc')).toBe('2026-11-21 12:00:00.000123456 UTC')
})
