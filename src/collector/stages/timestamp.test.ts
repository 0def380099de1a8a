import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timestampText } from '#base/timestamp.ts'
import { makeDelivery } from '../pipeline.ts'
import { StageEntry } from './entry.ts'
import { readTime } from './time-format.ts'
import { timestampStage } from './timestamp.ts'

/** Nanoseconds of an ISO time. */
const at = (iso: string, nanoseconds = 0): string => timestampText(Date.parse(iso), nanoseconds)

describe('formats', () => {
  test.each([
    ['RFC3339', '2026-01-02T03:04:05Z', at('2026-01-02T03:04:05Z')],
    ['RFC3339Nano', '2026-01-02T03:04:05.000000007+02:00', at('2026-01-02T01:04:05Z', 7)],
    ['Unix', '1767323045', at('2026-01-02T03:04:05Z')],
    ['Unix', '1767323045.123456789', '1767323045123456789'],
    ['UnixMs', '1767323045123', '1767323045123000000'],
    ['UnixUs', '1767323045123456', '1767323045123456000'],
    ['UnixNs', '1767323045123456789', '1767323045123456789'],
    ['UnixNs', '-1', '-1'],
    ['ANSIC', 'Fri Jan  2 03:04:05 2026', at('2026-01-02T03:04:05Z')],
    ['UnixDate', 'Fri Jan  2 03:04:05 UTC 2026', at('2026-01-02T03:04:05Z')],
    ['RubyDate', 'Fri Jan 02 03:04:05 -0700 2026', at('2026-01-02T10:04:05Z')],
    ['RFC822', '02 Jan 26 03:04 UTC', at('2026-01-02T03:04:00Z')],
    ['RFC822Z', '02 Jan 26 03:04 +0100', at('2026-01-02T02:04:00Z')],
    ['RFC850', 'Friday, 02-Jan-26 03:04:05 UTC', at('2026-01-02T03:04:05Z')],
    ['RFC1123', 'Fri, 02 Jan 2026 03:04:05 GMT', at('2026-01-02T03:04:05Z')],
    ['RFC1123Z', 'Fri, 02 Jan 2026 03:04:05 -0330', at('2026-01-02T06:34:05Z')],
    ['2006-01-02 15:04:05.000', '2026-01-02 03:04:05.678', at('2026-01-02T03:04:05.678Z')],
    ['2006-01-02 15:04:05,000', '2026-01-02 03:04:05,678', at('2026-01-02T03:04:05.678Z')],
    ['2006-01-02 15:04:05', '2026-01-02 03:04:05.678', at('2026-01-02T03:04:05.678Z')],
    ['02/Jan/2006:15:04:05 -0700', '02/Jan/2026:03:04:05 +0000', at('2026-01-02T03:04:05Z')],
    ['1/2/06 3:04:05 PM', '1/2/26 11:04:05 PM', at('2026-01-02T23:04:05Z')],
    ['3:04 PM 2006-01-02', '12:30 AM 2026-01-02', at('2026-01-02T00:30:00Z')],
    ['2006-002 15:04', '2026-033 01:00', at('2026-02-02T01:00:00Z')],
    ['January 2, 2006', 'February 3, 2026', at('2026-02-03T00:00:00Z')],
  ])('%s: %s', (format, text, expected) => {
    const time = readTime(format)(text)
    expect(time && timestampText(time.ms, time.ns)).toBe(expected)
  })

  test.each([
    ['RFC3339', '2026-01-02 03:04'],
    ['Unix', 'x'],
    ['UnixMs', '1.5'],
    ['2006-01-02', '2026-02-30'],
    ['2006-01-02', '2026-13-01'],
    ['15:04:05', '24:00:00'],
    ['2006-01-02', '2026-01-02 and more'],
    ['2006-01-02 15:04:05.000', '2026-01-02 03:04:05'],
  ])('%s does not read %s', (format, text) => {
    expect(readTime(format)(text)).toBeUndefined()
  })

  test('a location has its summer time', () => {
    const parse = readTime('2006-01-02 15:04', 'Europe/Berlin')
    expect(parse('2026-01-02 12:00')?.ms).toBe(Date.parse('2026-01-02T11:00:00Z'))
    expect(parse('2026-07-02 12:00')?.ms).toBe(Date.parse('2026-07-02T10:00:00Z'))
    expect(parse('2026-03-29 03:30')?.ms).toBe(Date.parse('2026-03-29T01:30:00Z'))
  })

  test('a time without a year is of about now', () => {
    const day = new Date(Date.now() - 86_400_000)
    const month = day.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })
    const text = `${month} ${String(day.getUTCDate()).padStart(2)} 03:04:05`
    const read = readTime('Jan _2 15:04:05')(text)
    expect(Math.abs((read?.ms ?? 0) - day.getTime())).toBeLessThan(86_400_000)
  })

  test('property: reads back what JavaScript prints, and never throws', () => {
    const parse = readTime('2006-01-02T15:04:05.000Z07:00')
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        expect(parse(date.toISOString())?.ms).toBe(date.getTime())
      }),
    )
    fc.assert(fc.property(fc.string(), fc.string(), (format, text) => void readTime(format)(text)))
  })
})

describe('stage.timestamp', () => {
  const stamps = (args: Record<string, unknown>, values: readonly unknown[]): string[] => {
    const out: string[] = []
    const defaults = { source: 't', format: 'UnixMs', fallback_formats: [], location: undefined }
    const actions = { action_on_failure: 'fudge', action_on_duplicate_timestamp: 'fudge' }
    const context = { logger: { debug: () => undefined } }
    const stage = timestampStage.build(
      { ...defaults, ...actions, ...args } as never,
      (entry) => void out.push(timestampText(entry.tsMs, entry.tsNs)),
      context as never,
    )
    for (const value of values) {
      const entry = new StageEntry(
        [],
        { tsMs: 1, tsNs: 2, line: '', metadata: [] },
        makeDelivery(() => undefined),
      )
      entry.extracted.set('t', value)
      stage.push(entry)
    }
    return out
  }

  test('same times are put a nanosecond apart', () => {
    expect(stamps({}, ['5', '5', 5, '6', '5'])).toEqual([
      '5000000',
      '5000001',
      '5000002',
      '6000000',
      '5000000',
    ])
    expect(stamps({ action_on_duplicate_timestamp: 'keep' }, ['5', '5'])).toEqual(['5000000', '5000000'])
  })
  test('a line without a time follows the last one, or keeps its own', () => {
    expect(stamps({}, ['x', '5', 'x', undefined, '6'])).toEqual([
      '1000002',
      '5000000',
      '5000001',
      '5000002',
      '6000000',
    ])
    expect(stamps({ action_on_failure: 'skip' }, ['5', 'x'])).toEqual(['5000000', '1000002'])
  })
  test('fallback formats', () => {
    expect(stamps({ fallback_formats: ['RFC3339'] }, ['1970-01-01T00:00:01Z'])).toEqual(['1000000000'])
  })
})
