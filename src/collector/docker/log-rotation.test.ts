import { expect, test } from 'vitest'
import { longestPauseMs, marginSeconds, rotatedBytes, skipsRotatedFiles } from './log-rotation.ts'

test.each([
  [null, undefined],
  [{ Type: 'json-file', Config: {} }, undefined],
  [{ Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }, 10_000_000],
  [{ Type: 'json-file', Config: { 'max-size': '100kb' } }, 100_000],
  [{ Type: 'json-file', Config: { 'max-size': '1G' } }, 1_000_000_000],
  [{ Type: 'json-file', Config: { 'max-size': '500' } }, 500],
  [{ Type: 'json-file', Config: { 'max-size': '-1' } }, undefined],
  [{ Type: 'local', Config: null }, 20 * 1024 * 1024],
  [{ Type: 'local', Config: { 'max-size': '1m' } }, 1_000_000],
])('%j rotates at %s bytes', (config, expected) => {
  expect(rotatedBytes(config)).toBe(expected)
})

test.each([
  ['Docker/20.10.24+dfsg1 (linux)', true],
  ['Docker/19.03.5 (linux)', true],
  ['Docker/23.0.1 (linux)', false],
  ['Docker/28.2.2 (linux)', false],
  ['Libpod/5.4.0 (linux)', false],
  ['', false],
])('%s skips files: %s', (server, expected) => {
  expect(skipsRotatedFiles(server)).toBe(expected)
})

test.each([
  ['Docker/20.10.24+dfsg1 (linux)', 30],
  ['Docker/23.0.1 (linux)', 0],
  ['Docker/28.2.2 (linux)', 0],
  ['Libpod/5.4.0 (linux)', 30],
  ['', 30],
])('%s is asked from %s s before the last line', (server, expected) => {
  expect(marginSeconds(server)).toBe(expected)
})

test('a log that never rotates may wait for ever, one of 10 MB a fifth of a second', () => {
  expect(longestPauseMs(undefined)).toBe(Number.POSITIVE_INFINITY)
  expect(longestPauseMs(10_000_000)).toBe(200)
  expect(longestPauseMs(500)).toBe(20)
})
