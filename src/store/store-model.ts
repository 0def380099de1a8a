import fc from 'fast-check'
import { labelsText, makeLabels } from '#base/labels.ts'
import type { DeleteSelection } from './delete-types.ts'
import { equal, type FoundRow, like, type PlainRow, plainCells } from './testing.ts'
import type { CountedTime, CountRun, LinePredicate, ScanRequest } from './types.ts'

// A store as a plain list of rows, and random rows, operations and questions to compare a real one with it.

/** All random times begin here. */
export const T0 = 1_700_000_000_000
/** A whole minute and a midnight after it, where cells and partitions part. */
const MINUTE = Math.ceil(T0 / 60_000) * 60_000
const MIDNIGHT = Math.ceil(T0 / 86_400_000) * 86_400_000

/** A span that all times of tests lie in. */
export const ALL = { fromMs: T0 - 86_400_000, toMs: T0 + 10 * 86_400_000 }

/** A row of which only `parts` matters. */
export function row(parts: Partial<PlainRow> = {}): PlainRow {
  return { labels: { app: 'a' }, ms: T0, line: 'line', ...parts }
}

/** The span of a scan, as counters are asked for it. */
export function timeOf({ fromMs, fromNs, toMs, toNs }: ScanRequest): CountedTime {
  const before = (ms: number, ns: number) => (ns > 0 ? [ms, ns - 1] : [ms - 1, 999_999])
  const [from, to] = [before(fromMs, fromNs), before(toMs, toNs)]
  return { fromMs: from[0], fromNs: from[1], toMs: to[0], toNs: to[1] }
}

/** One of these label or metadata sets. */
export function oneOf(...sets: Record<string, string>[]): fc.Arbitrary<Record<string, string>> {
  return fc.constantFrom(...sets)
}

/** What a delete request of the model means; its JSON text is the request's query. */
export interface PlainDelete {
  readonly app: string
  /** The line contains this. */
  readonly needle?: string
  /** The metadata `detected_level` is this: something that only a row test can tell. */
  readonly level?: string
  readonly fromMs: number
  readonly fromNs: number
  readonly toMs: number
  readonly toNs: number
}

/** What happens to a store. */
export type Operation =
  | { kind: 'append'; rows: PlainRow[] }
  | { kind: 'flush' }
  | { kind: 'reopen' }
  /** Segments are merged. */
  | { kind: 'merge' }
  | { kind: 'delete'; what: PlainDelete }
  /** The oldest request that is not carried out is taken back. */
  | { kind: 'cancel' }
  /** Requests are carried out. */
  | { kind: 'purge' }

// A narrow space of values, so that times tie, rows repeat and blocks overlap; two days, so that partitions
// do too.
const plainRow: fc.Arbitrary<PlainRow> = fc.record({
  labels: oneOf({ app: 'a' }, { app: 'b' }, { app: 'b', env: 'x' }),
  ms: fc.oneof(
    fc.integer({ min: T0, max: T0 + 20 }),
    fc.integer({ min: T0, max: T0 + 90_000_000 }),
    fc.constantFrom(MINUTE, MINUTE + 1, MINUTE + 60_000, MIDNIGHT, MIDNIGHT + 1),
  ),
  ns: fc.constantFrom(0, 0, 1, 500),
  line: fc.constantFrom('', 'a', 'ab', 'b a', 'abba', 'c', 'request 1234567', 'request 7654321'),
  metadata: oneOf({}, {}, { detected_level: 'info' }, { detected_level: 'info', id: '1' }),
})
const plainDelete: fc.Arbitrary<PlainDelete> = fc
  .record({
    app: fc.constantFrom('a', 'b', '.*'),
    needle: fc.option(fc.constantFrom('a', 'b', 'request 1234'), { nil: undefined }),
    level: fc.option(fc.constantFrom('info'), { nil: undefined }),
    fromMs: fc.oneof(fc.constant(T0 - 10), fc.integer({ min: T0, max: T0 + 20 }), fc.constant(MINUTE)),
    fromNs: fc.constantFrom(0, 1, 2),
    lengthMs: fc.constantFrom(5, 30_000, 200_000, 200_000_000),
    toNs: fc.constantFrom(0, 1, 999_999),
  })
  .map(({ lengthMs, ...rest }) => ({ ...rest, toMs: rest.fromMs + lengthMs }))
/** Something that is done to a store. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      rows: fc.array(plainRow, { minLength: 1, maxLength: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), what: plainDelete }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('purge' as const, 'cancel' as const) }) },
)
const needles = fc.array(
  fc
    .constantFrom('a', 'b', 'ab', 'ba', ' ', 'zz', 'request 1234', 'est 7654321', 'request 7777777')
    .map((text) => Buffer.from(text)),
  {
    minLength: 1,
    maxLength: 2,
  },
)
const linePredicate: fc.Arbitrary<LinePredicate> = fc.record({
  kind: fc.constantFrom('contains' as const, 'lacks' as const),
  needles,
})
const time = fc.oneof(
  fc.integer({ min: T0 - 1, max: T0 + 21 }),
  fc.integer({ min: T0, max: T0 + 90_000_000 }),
  fc.constantFrom(T0 + 100_000_000, MINUTE, MINUTE + 1, MINUTE + 59_999),
)
/** A scan of random bounds, matchers, direction and needles. */
export const question: fc.Arbitrary<ScanRequest> = fc.record({
  matchers: fc.constantFrom([], [equal('app', 'a')], [like('app', 'b|c')], [equal('env', '')]),
  fromMs: fc.oneof(fc.constant(T0 - 5), time),
  fromNs: fc.constantFrom(0, 1),
  toMs: time,
  toNs: fc.constantFrom(0, 1, 2),
  direction: fc.constantFrom('forward' as const, 'backward' as const),
  lines: fc.array(linePredicate, { maxLength: 2 }),
})

/** Whether a request of the model means a row. */
export function isMeant(what: PlainDelete, { labels, ms, ns = 0, line, metadata = {} }: PlainRow): boolean {
  const text = typeof line === 'string' ? line : Buffer.from(line).toString('latin1')
  return (
    (what.app === '.*' || labels.app === what.app) &&
    (what.needle === undefined || text.includes(what.needle)) &&
    (what.level === undefined || metadata.detected_level === what.level) &&
    (ms > what.fromMs || (ms === what.fromMs && ns >= what.fromNs)) &&
    (ms < what.toMs || (ms === what.toMs && ns <= what.toNs))
  )
}

/** The language of the model's delete requests, for the store to compile them. */
export function compilePlainDelete(query: string): DeleteSelection {
  const { app, needle, level } = JSON.parse(query) as Pick<PlainDelete, 'app' | 'needle' | 'level'>
  return {
    matchers: app === '.*' ? [] : [equal('app', app)],
    lines: needle === undefined ? [] : [{ kind: 'contains', needles: [Buffer.from(needle)] }],
    test:
      level === undefined
        ? undefined
        : (_stream, metadata) =>
            metadata.some(([name, value]) => name === 'detected_level' && value === level),
  }
}

/** Rows in the order in which {@link makeBatch} lays them out. */
export function batchOrder(rows: readonly PlainRow[]): PlainRow[] {
  return [...Map.groupBy(rows, ({ labels }) => labelsText(makeLabels(labels))).values()].flat()
}

/** The answer to a scan, by going through all rows. */
export function naive(rows: readonly PlainRow[], asked: ScanRequest): FoundRow[] {
  const distinct = new Map<string, FoundRow>()
  for (const { labels, ms, ns = 0, line, metadata = {} } of batchOrder(rows)) {
    const set = makeLabels(labels)
    const fits = asked.matchers.every((matcher) =>
      matcher.matches(set.find(([name]) => name === matcher.name)?.[1] ?? ''),
    )
    const after = ms > asked.fromMs || (ms === asked.fromMs && ns >= asked.fromNs)
    const before = ms < asked.toMs || (ms === asked.toMs && ns < asked.toNs)
    const bytes = Buffer.from(typeof line === 'string' ? Buffer.from(line) : line)
    const meets = (asked.lines ?? []).every(
      (predicate) =>
        predicate.needles.some((needle) => bytes.includes(needle)) === (predicate.kind === 'contains'),
    )
    if (!fits || !after || !before || !meets) continue
    const found = {
      key: labelsText(set),
      ms,
      ns,
      line: bytes.toString('latin1'),
      metadata: labelsText(makeLabels(metadata)),
    }
    const identity = JSON.stringify(found)
    if (!distinct.has(identity)) distinct.set(identity, found)
  }
  const sorted = [...distinct.values()].sort((a, b) => a.ms - b.ms || a.ns - b.ns)
  return asked.direction === 'forward' ? sorted : sorted.reverse()
}

/** Rows of each stream in the order found: the order between streams at one moment is free. */
export function byStream(rows: readonly FoundRow[]): Record<string, FoundRow[]> {
  return Object.fromEntries([...Map.groupBy(rows, ({ key }) => key)].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The cells of counters as texts, sorted. */
export function cellTexts(runs: readonly CountRun[]): string[] {
  return plainCells(runs)
    .map(
      (cell) =>
        `${cell.key} ${cell.level} ${cell.metadata} ${cell.minuteMs} ${cell.lines} ` +
        `${cell.bytes} ${cell.metadataBytes}`,
    )
    .sort()
}

/** The cells of rows, by going through all of them. */
export function countNaively(rows: readonly FoundRow[]): string[] {
  const level = ({ metadata }: FoundRow): string => /detected_level="(\w+)"/.exec(metadata)?.[1] ?? ''
  const minute = ({ ms, ns }: FoundRow): number => (Math.ceil((ns > 0 ? ms + 1 : ms) / 60_000) - 1) * 60_000
  const groups = Map.groupBy(rows, (row) => `${row.key} ${level(row)} ${minute(row)}`)
  return [...groups.values()]
    .map((group) => {
      const metadata = group.some((row) => row.metadata.includes('id=')) ? 'other' : 'level'
      const bytes = group.reduce((sum, { line }) => sum + line.length, 0)
      const ofMetadata = group.reduce((sum, row) => sum + metadataBytesOf(row), 0)
      const [first] = group
      const cell = `${first.key} ${level(first)} ${metadata} ${minute(first)}`
      return `${cell} ${group.length} ${bytes} ${ofMetadata}`
    })
    .sort()
}

/** Bytes of values in a metadata text like `{a="b", c="d"}`. */
function metadataBytesOf({ metadata }: FoundRow): number {
  const pairs = [...metadata.matchAll(/\w+="((?:[^"\\]|\\.)*)"/g)]
  return pairs.reduce((sum, [, value]) => sum + value.length, 0)
}
