import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FormatError } from '../embedded/bytes.ts'
import { decodeLines } from './decode-lines.ts'
import { LineEncoder, type LineRows } from './encode-lines.ts'
import { openColumns } from './open-columns.ts'
import { anyLine, streamOfLines } from './sample-lines.ts'

const encoder = new LineEncoder()

function rowsOf(lines: readonly (string | Uint8Array)[], times?: readonly [number, number][]): LineRows {
  const all = lines.map((line) => new Uint8Array(Buffer.from(line)))
  const lineFrom = new Uint32Array(all.length)
  const lineTo = new Uint32Array(all.length)
  let at = 0
  all.forEach((line, i) => {
    lineFrom[i] = at
    at += line.length
    lineTo[i] = at
  })
  return {
    bytes: new Uint8Array(Buffer.concat(all)),
    lineFrom,
    lineTo,
    rows: all.length,
    tsMs: Float64Array.from(all, (_, i) => times?.[i]?.[0] ?? 1_790_000_000_000 + i),
    tsNs: Uint32Array.from(all, (_, i) => times?.[i]?.[1] ?? i % 1_000_000),
  }
}

function encoded(rows: LineRows): Uint8Array {
  return new Uint8Array(Buffer.concat(encoder.encode(rows).pieces))
}

function expectSame(rows: LineRows): void {
  const stored = encoded(rows)
  const lines = decodeLines(openColumns(stored, rows))
  expect(Buffer.compare(lines.bytes, rows.bytes)).toBe(0)
  expect(lines.lineFrom).toEqual(rows.lineFrom)
  expect(lines.lineTo).toEqual(rows.lineTo)
  const some = Uint32Array.from(rows.lineFrom.keys().filter((row) => (row * 7) % 5 < 2))
  const few = decodeLines(openColumns(stored, rows), some)
  for (const row of some) {
    const line = rows.bytes.subarray(rows.lineFrom[row], rows.lineTo[row])
    expect(Buffer.compare(few.bytes.subarray(few.lineFrom[row], few.lineTo[row]), line)).toBe(0)
  }
}

describe('lines as columns', () => {
  test.each<[string, string[]]>([
    ['no lines', []],
    ['an empty line', ['']],
    ['empty lines', ['', '', '']],
    ['an object', ['{}', '{ }', '{"a":{}}', '{"a":[]}', '{"a":""}']],
    ['nested objects', ['{"a":{"b":{"c":1}},"d":2}', '{"a":{"b":{"c":"x"}},"d":null}']],
    ['one key twice', ['{"a":1,"a":2}', '{"a":3,"a":4}', '{"a":"x","a":"y"}']],
    ['escapes', ['{"a":"\\"","b":"\\\\"}', '{"a\\"":"\\u0041"}', '{"a":"\\']],
    [
      'broken objects',
      ['{', '{"', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1}}', '{"a":1} x', '{a:1}'],
    ],
    ['one bracket too many', ['{"a":[[1],"b":2}', '{"a":[1]]}', '[1,2]', '[']],
    ['pairs', ['a=1 b="x y" c= d', 'a=2 b="" c=z d', 'a="', '=', '==', 'a==b', 'a="x"b=2']],
    ['quotes', ['"', '""', '"a', '"a"b"c"', '[a] [b', ']']],
    ['numbers that are not', ['-', '.', '1.', '-.5', '--1', '1-', '0x10', '1e5']],
    [
      'one word a line',
      Array.from({ length: 200 }, (_, i) => `w${'x'.repeat(i % 7)} ${'abcdefgh'[i % 8]} y`),
    ],
    [
      'many words',
      Array.from({ length: 90 }, (_, i) => `start ${'q'.repeat(i + 1)} then ${'r'.repeat(i)} end`),
    ],
    ['many values', [Array.from({ length: 300 }, (_, i) => `${i}`).join(' '), '1 2 3']],
    ['many keys', Array.from({ length: 700 }, (_, i) => `{"k${i}":${i}}`)],
    ['deep objects', [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`]],
    ['decimals', ['1.5', '2.25', '3', '-0.5', '0']],
    ['decimals with zeros at the end', ['1.50', '2.25', '3.00']],
    ['identifiers', ['u_00ff', 'u_10fe', 'u_ABCD', 'u_abcd'].flatMap((id) => Array<string>(9).fill(id))],
    ['addresses', ['1.2.3.4', '255.255.255.255', '01.2.3.4', '256.1.1.1', '0.0.0.0']],
    ['times', ['2026-11-21T20:11:02.123Z', '2026-11-21T20:11:02.124Z', '1970-01-01T00:00:00.000Z']],
    ['time of web servers', ['a [29/Feb/2024:23:59:59 +0100] "x" 1', 'a [01/Jan/1970:00:00:00 +0100] "" 2']],
  ])('%s', (_, lines) => expectSame(rowsOf(lines)))

  test('100,000 lines of every kind come back', () => {
    let lines = 0
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 60, maxLength: 120 }), (block) => {
        lines += block.length
        expectSame(rowsOf(block))
      }),
      { numRuns: 900 },
    )
    fc.assert(
      fc.property(streamOfLines, (block) => {
        lines += block.length
        expectSame(rowsOf(block))
      }),
      { numRuns: 600 },
    )
    expect(lines).toBeGreaterThan(100_000)
  }, 120_000)

  test('times of lines beside those of rows, in units of every size', () => {
    const time = fc.tuple(fc.integer({ min: -1e12, max: 4e12 }), fc.nat(999_999))
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 2 }),
        fc.nat(9),
        fc.integer({ min: -1e9, max: 1e9 }),
        (times, digits, off) => {
          const lines = times.map(([ms, ns]) => {
            const text = new Date(Math.abs(ms + off)).toISOString()
            return `${text.slice(0, 19)}.${`${text.slice(20, 23)}${String(ns).padStart(6, '0')}`.slice(0, digits)}Z`
          })
          expectSame(rowsOf(lines, times))
        },
      ),
    )
  })

  test('encoding is smaller than the lines and the same every time', () => {
    const lines = Array.from({ length: 3000 }, (_, i) => {
      const id = ((i * 2654435761) % 2 ** 32).toString(16).padStart(8, '0')
      return `{"level":30,"time":${1_790_000_000_000 + i},"id":"${id}-aaaa","path":"/api/${i % 7}","ms":${(i % 977) / 10}}`
    })
    const rows = rowsOf(lines)
    const first = encoded(rows)
    expect(first.length).toBeLessThan(rows.bytes.length / 8)
    expect(Buffer.compare(encoded(rows), first)).toBe(0)
  })

  test('damaged bytes are an error, never wrong lines of another length or a crash', () => {
    const rows = rowsOf(
      Array.from({ length: 60 }, (_, i) => `{"a":${i},"b":"${'xy'.repeat(i % 5)}","c":"u_${i * 7919}"}`),
    )
    const good = encoded(rows)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = new Uint8Array(good)
        bad[at] ^= change
        expect(() => decodeLines(openColumns(bad, rows))).toThrow(FormatError)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => decodeLines(openColumns(new Uint8Array(bytes), rows))).toThrow(FormatError)
      }),
    )
  })
})
