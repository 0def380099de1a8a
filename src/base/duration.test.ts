import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseGoDuration,
  parsePrometheusDuration,
  printGoDuration,
  printPrometheusDuration,
} from './duration.ts'

describe('Go durations', () => {
  test.each([
    ['0', 0],
    ['1.5h', 5_400_000],
    ['-2m30s', -150_000],
    ['+2s', 2000],
    ['30m1h', 5_400_000],
    ['100us', 0.1],
    ['250ms', 250],
    ['.5s', 500],
    ['1.s', 1000],
  ])('%s is %d ms', (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms, 9))

  test.each([
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['-', 'time: invalid duration "-"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j is refused', (text, message) => expect(() => parseGoDuration(text)).toThrow(message))

  test.each([
    [0, '0s'],
    [3_600_000, '1h0m0s'],
    [90_000, '1m30s'],
    [1500, '1.5s'],
    [250, '250ms'],
    [0.1, '100µs'],
    [-2000, '-2s'],
    [600_000, '10m0s'],
  ])('%d ms prints as %s', (ms, text) => expect(printGoDuration(ms)).toBe(text))

  test('what is printed parses back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(parseGoDuration(printGoDuration(ms))).toBeCloseTo(ms, 6)
      }),
    )
  })
})

describe('Prometheus durations', () => {
  test.each([
    ['0', 0],
    ['744h', 2_678_400_000],
    ['1d12h', 129_600_000],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['5m', 300_000],
    ['1s500ms', 1500],
  ])('%s is %d ms', (text, ms) => expect(parsePrometheusDuration(text)).toBe(ms))

  test.each([
    ['', 'empty duration string'],
    ['3600', 'not a valid duration string: "3600"'],
    ['-5m', 'not a valid duration string: "-5m"'],
    ['1.5h', 'unknown unit "." in duration "1.5h"'],
    ['30m1h', 'not a valid duration string: "30m1h"'],
    ['5m5m', 'not a valid duration string: "5m5m"'],
  ])('%j is refused', (text, message) => expect(() => parsePrometheusDuration(text)).toThrow(message))

  test.each([
    [0, '0s'],
    [604_800_000, '1w'],
    [2_595_600_000 + 0, '30d1h'],
    [90_000, '1m30s'],
    [259_200_000, '3d'],
  ])('%d ms prints as %s', (ms, text) => expect(printPrometheusDuration(ms)).toBe(text))

  test('what is printed parses back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => {
        expect(parsePrometheusDuration(printPrometheusDuration(ms))).toBe(ms)
      }),
    )
  })
})
