import { expect, test } from 'vitest'
import { defaultConfig } from './default-config.ts'
import { parseScanWorkers } from './scan-workers.ts'

test.each([
  ['0', 0],
  ['1', 1],
  ['64', 64],
])('%j is %d', (text, count) => expect(parseScanWorkers(text)).toBe(count))

test('auto leaves a core to everything else', () => {
  const count = parseScanWorkers('auto')
  expect(Number.isInteger(count)).toBe(true)
  expect(count).toBeGreaterThanOrEqual(0)
  expect(count).toBeLessThanOrEqual(8)
})

test.each([
  [512, 0],
  [640, 1],
])('auto in %d MB is %d at most', (megabytes, most) => {
  expect(parseScanWorkers('auto', megabytes << 20)).toBeLessThanOrEqual(most)
})

test.each(['', '-1', '1.5', '65', 'many', '1e1'])('%j is none', (text) => {
  expect(() => parseScanWorkers(text)).toThrow(/invalid number of scan workers/)
})

test('the flag sets the key', () => {
  expect(defaultConfig(new Map([['scan-workers', '3']])).scan.workers).toBe('3')
})
