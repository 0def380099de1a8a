import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FieldColumn, PatternParser } from '../types.ts'
import { LineEncoder } from './encode-lines.ts'
import { type Columns, openColumns } from './open-columns.ts'
import { patternColumn } from './pattern-column.ts'

function columnsOf(lines: readonly string[]): Columns {
  const buffers = lines.map((line) => Buffer.from(line))
  const lineTo = new Uint32Array(lines.length)
  let end = 0
  buffers.forEach((line, i) => {
    lineTo[i] = end += line.length
  })
  const rows = {
    bytes: new Uint8Array(Buffer.concat(buffers)),
    lineFrom: lineTo.map((to, i) => to - buffers[i].length),
    lineTo,
    rows: lines.length,
    tsMs: new Float64Array(lines.length),
    tsNs: new Uint32Array(lines.length),
  }
  return openColumns(new Uint8Array(Buffer.concat(new LineEncoder().encode(rows).pieces)), rows)
}

/** `<a>` captures; the test's own patterns have no other brackets. */
function parse(text: string): PatternParser {
  const [lead, ...rest] = text.split(/<(\w+)>/)
  const captures = []
  for (let i = 0; i < rest.length; i += 2) {
    const literal = rest[i + 1] === '' ? undefined : Buffer.from(rest[i + 1])
    captures.push({ name: rest[i] === '_' ? '' : rest[i], literal })
  }
  return { text, lead: Buffer.from(lead), captures }
}

/** What the language's own stage captures. */
function capture({ lead, captures }: PatternParser, name: string, line: string): string | undefined {
  const start = String(lead)
  if (line === '' || !line.startsWith(start)) return undefined
  let at = start.length
  for (const { name: captured, literal } of captures) {
    const end = literal === undefined ? -1 : line.indexOf(String(literal), at)
    if (captured === name) return line.slice(at, end === -1 ? line.length : end)
    if (end === -1) return undefined
    at = end + (literal?.length ?? 0)
  }
  return undefined
}

/** Per row: the value's text, `undefined` for none, `null` where the column says nothing. */
function textsOf(field: FieldColumn | undefined, rows: number): (string | undefined | null)[] {
  if (field === undefined) return Array<null>(rows).fill(null)
  const { bytes, from, to, ids } = field.texts()
  const unproven = new Set(field.unproven)
  return Array.from({ length: rows }, (_, row) => {
    if (unproven.has(row)) return null
    const value = field.valueIndex[row]
    if (value === -1) return undefined
    const text = ids === undefined ? value : ids[value]
    return Buffer.from(bytes.subarray(from[text], to[text])).toString()
  })
}

const NGINX = '<ip> - - [<time>] "<method> <path> <_>" <status> <size>'
const lines = [
  '10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET /a/1 HTTP/1.1" 200 17',
  '10.0.0.2 - - [22/Nov/2026:10:00:01 +0000] "POST /b HTTP/1.1" 503 0',
  '10.0.0.2 - - [22/Nov/2026:10:00:02 +0000] "-" 400 0',
]

describe('captures as columns', () => {
  test.each<[string, string, (string | undefined | null)[]]>([
    [NGINX, 'ip', ['10.0.0.1', '10.0.0.2', '10.0.0.2']],
    [NGINX, 'status', ['200', '503', null]],
    [NGINX, 'size', ['17', '0', null]],
    [NGINX, 'method', ['GET', 'POST', null]],
    [NGINX, 'path', ['/a/1', '/b', null]],
    [NGINX, 'absent', [undefined, undefined, undefined]],
    ['<_>] "<request>" <_>', 'request', ['GET /a/1 HTTP/1.1', 'POST /b HTTP/1.1', '-']],
    ['<_>ä<x>', 'x', [undefined, undefined, undefined]],
    ['other <x>', 'x', [null, null, null]],
  ])('%s: %s', (pattern, name, expected) => {
    expect(textsOf(patternColumn(columnsOf(lines), parse(pattern), name), lines.length)).toEqual(expected)
  })

  test('say what the lines say, or nothing', () => {
    const word = fc.constantFrom(
      'a',
      'b=1',
      '7',
      '10.0.0.1',
      '"x y"',
      '"q\\"r"',
      '[z 1]',
      'é',
      '-',
      'k="v w"',
      '',
    )
    const line = fc
      .tuple(fc.array(word, { minLength: 0, maxLength: 6 }), fc.constantFrom(' ', ' - ', ', '))
      .map(([words, gap]) => words.join(gap))
    const literal = fc.constantFrom(' ', ' - ', '"', '" ', '=', ' [', '] ', 'a', ', ', '=1', '.')
    const pattern = fc
      .tuple(fc.constantFrom('', '', '', 'a', '7 ', '"'), fc.array(literal, { maxLength: 4 }), fc.boolean())
      .map(([lead, literals, isOpen]) => {
        const names = ['x', 'y', '_', 'z', 'w']
        const parts = literals.map((text, i) => `<${names[i]}>${text}`).join('')
        return `${lead}${parts}${isOpen || literals.length === 0 ? '<last>' : ''}`
      })
    const property = fc.property(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.array(pattern, { minLength: 4, maxLength: 4 }),
      (all, patterns) => {
        // Values that repeat are kept in other ways than those that do not.
        const rows = [...all, ...all, ...all, ...all]
        const columns = columnsOf(rows)
        for (const text of patterns) {
          const parser = parse(text)
          for (const name of ['x', 'y', 'z', 'w', 'last']) {
            const found = textsOf(patternColumn(columns, parser, name), rows.length)
            const wanted = rows.map((row, i) => (found[i] === null ? null : capture(parser, name, row)))
            expect(found, `${text} ${name}`).toEqual(wanted)
          }
        }
      },
    )
    fc.assert(property, { numRuns: 80 })
  })
})
