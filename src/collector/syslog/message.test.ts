import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRfc3164, parseRfc5424 } from './message.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')

test('a message of RFC 5424 with everything', () => {
  const line = `<165>1 2026-10-11T22:14:15.003000004Z host app 42 ID47 [a@1 x="1" y="q\\"\\]\\\\"][b z=""] \uFEFFhello  you`
  expect(parseRfc5424(line)).toEqual({
    facility: 'local4',
    severity: 'notice',
    tsMs: Date.parse('2026-10-11T22:14:15.003Z'),
    tsNs: 4,
    hostname: 'host',
    appName: 'app',
    procId: '42',
    msgId: 'ID47',
    params: [
      ['a@1', 'x', '1'],
      ['a@1', 'y', 'q"]\\'],
      ['b', 'z', ''],
    ],
    text: 'hello  you',
  })
})

test('a message of RFC 5424 with nothing', () => {
  expect(parseRfc5424('<0>1 - - - - - -')).toMatchObject({
    ...{ facility: 'kern', severity: 'emergency', tsMs: undefined, hostname: '', text: '', params: [] },
  })
})

test.each([
  ['hello', 'does not begin as RFC 5424'],
  ['<192>1 - - - - - -', 'greater than 191'],
  ['<1>1 yesterday - - - - -', 'is not RFC 3339'],
  ['<1>1 - - - - - text', 'no structured data'],
  ['<1>1 - - - - - [a x="1" text', 'does not end'],
  ['<1>1 - - - - - -text', 'no space'],
])('%j is refused', (line, message) => {
  expect(() => parseRfc5424(line)).toThrow(message)
})

test.each([
  ['<34>Oct 11 22:14:15 mymachine su[12]: failed', '2026-10-11T22:14:15Z', 'mymachine', 'su', '12', 'failed'],
  ['<34>Dec 31 23:59:59 h cron: x: y', '2025-12-31T23:59:59Z', 'h', 'cron', '', 'x: y'],
  ['<34>Nov  1 00:00:00 h no tag here', '2026-11-01T00:00:00Z', 'h', '', '', 'no tag here'],
  ['<34>2026-01-02T03:04:05+01:00 h a: b', '2026-01-02T02:04:05Z', 'h', 'a', '', 'b'],
])('%j of RFC 3164', (line, time, hostname, appName, procId, text) => {
  const tsMs = Date.parse(time)
  const expected = { facility: 'auth', severity: 'critical', tsMs, hostname, appName, procId, text }
  expect(parseRfc3164(line, NOW_MS)).toMatchObject(expected)
})

test('property: any text is read or refused with an error of its own', () => {
  const part = fc.constantFrom(
    '<13>',
    '1 ',
    '- ',
    '[a ',
    'x="',
    '"',
    ']',
    '\\',
    'Oct 11 22:14:15 ',
    'h',
    ' ',
    ':',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 20 }), (parts) => {
      for (const parse of [parseRfc5424, (line: string) => parseRfc3164(line, NOW_MS)]) {
        try {
          expect(typeof parse(parts.join('')).text).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
          expect((error as Error).message).toMatch(/RFC|priority|structured data|month|no space|element/)
        }
      }
    }),
  )
})
