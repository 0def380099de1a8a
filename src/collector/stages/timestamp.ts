import { errorMessage } from '#base/errors.ts'
import { labelsText } from '#base/labels.ts'
import { compareTimestamps, type Timestamp } from '#base/timestamp.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'
import { readTime, type TimeParser } from './time-format.ts'
import { zoneOffsetMs } from './zone-offset.ts'

interface Args {
  readonly source: string
  readonly format: string
  readonly fallback_formats: readonly string[]
  readonly location?: string
  readonly action_on_failure: 'fudge' | 'skip'
  readonly action_on_duplicate_timestamp: 'fudge' | 'keep'
}

const MAX_STREAMS = 10_000

/**
 * `stage.timestamp`: sets an entry's time from an extracted value. By default lines of one stream with the
 * same time are put a nanosecond apart, and a line whose time cannot be read follows the last good one.
 */
export const timestampStage: StageDefinition<Args> = {
  name: 'stage.timestamp',
  schema: {
    attributes: {
      source: { type: 'string', required: true },
      format: { type: 'string', required: true },
      fallback_formats: { type: { list: 'string' }, default: [] },
      location: { type: 'string' },
      action_on_failure: { type: { oneOf: ['fudge', 'skip'] }, default: 'fudge' },
      action_on_duplicate_timestamp: { type: { oneOf: ['fudge', 'keep'] }, default: 'fudge' },
    },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      if (args.source === '') throw new Error('timestamp stage: source must not be empty')
      if (args.format === '') throw new Error('timestamp stage: format must not be empty')
      checkLocation(args.location)
    },
  },
  build(args, next, context) {
    const parsers = [args.format, ...args.fallback_formats].map((format) => readTime(format, args.location))
    const last = makeLastTimes()
    const fudgesFailures = args.action_on_failure === 'fudge'
    const fudgesTwins = args.action_on_duplicate_timestamp === 'fudge'
    return simpleStage(next, (entry) => {
      const text = extractedText(entry.extracted.get(args.source))
      let time = text === undefined ? undefined : firstOf(parsers, text)
      const isParsed = time !== undefined
      if (!isParsed)
        context.logger.debug({ source: args.source, value: text }, 'stage.timestamp: no time found')
      if (!fudgesFailures && !fudgesTwins) {
        if (time !== undefined) setTime(entry, time)
        return
      }
      const key = labelsText(entry.labels)
      const before = last.get(key)
      if (time === undefined && fudgesFailures && before !== undefined) time = nanosecondAfter(before.shown)
      if (time === undefined) return
      let shown = time
      if (isParsed && fudgesTwins && before !== undefined && isSame(before.parsed, time)) {
        shown = nanosecondAfter(before.shown)
      }
      last.set(key, { parsed: isParsed || before === undefined ? time : before.parsed, shown })
      setTime(entry, shown)
    })
  },
}

function checkLocation(location: string | undefined): void {
  if (location === undefined || location === '') return
  try {
    zoneOffsetMs(location, 0)
  } catch (error) {
    throw new Error(`timestamp stage: unknown location ${JSON.stringify(location)}: ${errorMessage(error)}`)
  }
}

function firstOf(parsers: readonly TimeParser[], text: string): Timestamp | undefined {
  for (const parse of parsers) {
    const time = parse(text)
    if (time !== undefined) return time
  }
  return undefined
}

function setTime(entry: StageEntry, time: Timestamp): void {
  entry.tsMs = time.ms
  entry.tsNs = time.ns
}

function isSame(a: Timestamp, b: Timestamp): boolean {
  return compareTimestamps(a.ms, a.ns, b.ms, b.ns) === 0
}

function nanosecondAfter({ ms, ns }: Timestamp): Timestamp {
  return ns === 999_999 ? { ms: ms + 1, ns: 0 } : { ms, ns: ns + 1 }
}

/** The last time read from a stream, and the time it was given. */
interface LastTime {
  readonly parsed: Timestamp
  readonly shown: Timestamp
}

/** The last times of up to 10,000 streams, the least recently used forgotten first. */
function makeLastTimes(): { get(key: string): LastTime | undefined; set(key: string, time: LastTime): void } {
  const times = new Map<string, LastTime>()
  return {
    get: (key) => times.get(key),
    set(key, time) {
      times.delete(key)
      times.set(key, time)
      if (times.size <= MAX_STREAMS) return
      for (const oldest of times.keys()) {
        times.delete(oldest)
        break
      }
    },
  }
}
