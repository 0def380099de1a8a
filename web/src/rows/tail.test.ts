import { expect, test } from 'vitest'
import { makeRow } from '../testing/make-row.ts'
import { mergeRows, tailFresh, tailStartNs } from './tail.ts'

const at = (seconds: number, line: string) =>
  makeRow({ tsNs: String(1_700_000_000n * 1_000_000_000n + BigInt(seconds) * 1_000_000_000n), line })

test('looks back a little, but not before the window', () => {
  expect(tailStartNs('1700000010000000000', '1700000000000000000')).toBe('1700000005000000000')
  expect(tailStartNs('1700000002000000000', '1700000000000000000')).toBe('1700000000000000000')
})

test('takes what is new, also late lines and equal ones', () => {
  const known = [at(10, 'b'), at(8, 'a')]
  const polled = [at(8, 'a'), at(8, 'a'), at(9, 'late'), at(10, 'b'), at(11, 'c')]
  expect(tailFresh(known, polled, at(7, '').tsNs).map((row) => row.line)).toEqual(['a', 'late', 'c'])
})

test('merges into place, in either order', () => {
  const fresh = [at(9, 'late'), at(11, 'new')]
  const lines = (rows: readonly { line: string }[]) => rows.map((row) => row.line).join(' ')
  expect(lines(mergeRows([at(10, 'b'), at(8, 'a')], fresh, 'backward'))).toBe('new b late a')
  expect(lines(mergeRows([at(8, 'a'), at(10, 'b')], fresh, 'forward'))).toBe('a late b new')
})
