import { type Labels, labelsText } from '#base/labels.ts'
import { timestampText } from '#base/timestamp.ts'
import type { QueryResult, ResultEntry, ResultStream } from '#logql/engine/types.ts'
import type { Direction } from '#store/types.ts'
import { matrixJson } from './matrix.ts'
import { statsJson } from './stats.ts'
import { labelsJson, lineJson, sampleSeconds, sampleText } from './text.ts'

/** How an answer is written. */
export interface ResultEncoding {
  /** `X-Loki-Response-Encoding-Flags`, as sent; an empty list where it was not. */
  readonly flags: readonly string[]
  readonly direction: Direction
}

/** About how many characters a piece of an answer has. */
const PIECE = 64 * 1024

/** The body of an answer to `query` or `query_range`, in pieces. */
export function* resultJson(result: QueryResult, encoding: ResultEncoding): Generator<string> {
  const warnings = result.warnings.length > 0 ? `"warnings":${JSON.stringify(result.warnings)},` : ''
  const explain = result.explain === undefined ? '' : `,"explain":${JSON.stringify(result.explain)}`
  const tail = `,"stats":${statsJson(result.stats)}${explain}}`
  if (result.type === 'streams') {
    yield `{"status":"success",${warnings}"data":{"resultType":"streams",${flagsJson(encoding)}"result":[`
    yield* streamsJson(result.streams, encoding)
    yield `]${tail}}\n`
    return
  }
  yield `{"status":"success","data":{"resultType":"${result.type}","result":`
  yield* samplesJson(result)
  yield `${tail}${warnings === '' ? '' : `,${warnings.slice(0, -1)}`}}`
}

function flagsJson({ flags }: ResultEncoding): string {
  return flags.length === 0 ? '' : `"encodingFlags":${JSON.stringify(flags)},`
}

function* streamsJson(streams: readonly ResultStream[], encoding: ResultEncoding): Generator<string> {
  const categorize = encoding.flags.includes('categorize-labels')
  const groups = categorize ? mergeByStream(streams, encoding.direction) : sorted(streams)
  let piece = ''
  let first = true
  for (const { labels, entries } of groups) {
    piece += `${first ? '' : ','}{"stream":${labelsJson(labels)},"values":[`
    first = false
    for (let i = 0; i < entries.length; i++) {
      if (i > 0) piece += ','
      piece += entryJson(entries[i], categorize)
      if (piece.length > PIECE) {
        yield piece
        piece = ''
      }
    }
    piece += ']}'
  }
  yield piece
}

/** One entry: time, line and, for `categorize-labels`, where its labels come from. */
export function entryJson({ tsMs, tsNs, line, metadata, parsed }: ResultEntry, categorize: boolean): string {
  const head = `["${timestampText(tsMs, tsNs)}",${lineJson(line)}`
  if (!categorize) return `${head}]`
  const categories: string[] = []
  if (metadata.length > 0) categories.push(`"structuredMetadata":${labelsJson(metadata)}`)
  if (parsed.length > 0) categories.push(`"parsed":${labelsJson(parsed)}`)
  return `${head},{${categories.join(',')}}]`
}

/** Entries under one label set. */
export interface EntryGroup {
  readonly labels: Labels
  readonly entries: readonly ResultEntry[]
}

function sorted(streams: readonly ResultStream[]): EntryGroup[] {
  if (streams.length === 1) return [...streams]
  const keyed = streams.map((stream) => ({ key: labelsText(stream.labels), stream }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ stream }) => stream)
}

/** Entries that differ in metadata and parsed labels only belong to one stream, in the order of time. */
export function mergeByStream(streams: readonly ResultStream[], direction: Direction): EntryGroup[] {
  const sign = direction === 'forward' ? 1 : -1
  const groups = Map.groupBy(streams, (stream) => labelsText(stream.streamLabels))
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => {
      const labels = members[0].streamLabels
      if (members.length === 1) return { labels, entries: members[0].entries }
      const entries = members.flatMap((member) => member.entries)
      return { labels, entries: entries.sort((a, b) => sign * (a.tsMs - b.tsMs || a.tsNs - b.tsNs)) }
    })
}

function* samplesJson(result: Exclude<QueryResult, { type: 'streams' }>): Generator<string> {
  if (result.type === 'scalar') {
    // Loki writes this one time in milliseconds.
    yield `[${Math.round(result.timeMs)},"${sampleText(result.value)}"]`
    return
  }
  if (result.type === 'vector') {
    const samples = result.samples.map(
      ({ labels, timeMs, value }) =>
        `{"metric":${labelsJson(labels)},"value":[${sampleSeconds(timeMs)},"${sampleText(value)}"]}`,
    )
    yield `[${samples.join(',')}]`
    return
  }
  yield* matrixJson(result.series)
}
