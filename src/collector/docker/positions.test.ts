import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { openPositions, parsePositions, positionsText } from './positions.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-positions-'))
  file = join(folder, 'data', 'positions.yml')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = () => openPositions(file, ({ path }) => path, silentLogger)

test('keeps what was set over a restart', async () => {
  const first = open()
  first.set({ path: 'cursor-a', labels: '{x="y"}', value: '1' })
  first.set({ path: 'cursor-b', labels: '{}', value: '2' })
  first.set({ path: 'cursor-a', labels: '{x="y"}', value: '3' })
  first.remove('cursor-b')
  await first.close()
  expect([...open().all()]).toEqual([['cursor-a', { path: 'cursor-a', labels: '{x="y"}', value: '3' }]])
})

test('writes changes that come after the end at once', async () => {
  const positions = open()
  await positions.close()
  positions.set({ path: 'cursor-a', labels: '', value: '9' })
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(open().get('cursor-a')?.value).toBe('9')
})

test('reads a file that Alloy wrote', () => {
  const text = [
    'positions:',
    '  ? path: cursor-0123456789ab',
    '    labels: \'{a="b", c="d"}\'',
    '  : "1700000000"',
    '  ? path: /var/log/x.log',
    '    labels: \'{filename="/var/log/x.log"}\'',
    '  : "4096"',
  ].join('\n')
  expect(parsePositions(text)).toEqual([
    { path: 'cursor-0123456789ab', labels: '{a="b", c="d"}', value: '1700000000' },
    { path: '/var/log/x.log', labels: '{filename="/var/log/x.log"}', value: '4096' },
  ])
  expect(parsePositions('positions: {}\n')).toEqual([])
  expect(parsePositions('')).toEqual([])
})

test('sets a damaged file aside and starts over', async () => {
  const first = open()
  first.set({ path: 'cursor-a', labels: '', value: '1' })
  await first.close()
  writeFileSync(file, 'positions:\n  ? [broken')
  const second = open()
  expect(second.wasCorrupt).toBe(true)
  expect([...second.all()]).toEqual([])
  expect(readFileSync(`${file}.corrupt`, 'utf8')).toContain('broken')
  second.set({ path: 'cursor-a', labels: '', value: '2' })
  await second.close()
  expect(existsSync(file)).toBe(true)
})

test('property: any text comes back', () => {
  const position = fc.record({ path: fc.string(), labels: fc.string(), value: fc.string() })
  fc.assert(
    fc.property(fc.uniqueArray(position, { selector: ({ path }) => path, maxLength: 5 }), (positions) => {
      expect(parsePositions(positionsText(positions))).toEqual(positions)
    }),
  )
})
