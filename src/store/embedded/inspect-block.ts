import { decodeLines } from '../columns/decode-lines.ts'
import { JSON_ORIGIN } from '../columns/directory.ts'
import { DICTIONARY, type Encoding } from '../columns/encoding.ts'
import type { IntsInfo } from '../columns/ints.ts'
import { type Columns, openColumns } from '../columns/open-columns.ts'
import type { StreamRef } from '../columns/streams.ts'
import { decodeLengths, decodeMetadata, decodeTimes, type Times } from './block-codec.ts'
import { encodeBlockLines } from './block-lines.ts'
import { FormatError } from './bytes.ts'
import { buildGramFilter } from './gram-filter.ts'
import { type PartInfo, unpackPart } from './parts.ts'
import { COLUMNS_CODEC, type DirectoryEntry, PLAIN_CODEC } from './segment-format.ts'

/** Something that is not as it should be, and where in the file. */
export interface SegmentProblem {
  readonly offset: number
  readonly problem: string
}

/** One column of a block, or of all blocks of a segment together. */
export interface ColumnReport {
  readonly origin: 'json' | 'text'
  /** Keys of nested JSON objects are joined by a dot. */
  readonly key: string
  /** How often each encoding is used, by name. */
  readonly encodings: Readonly<Record<string, number>>
  readonly values: number
  /** Bytes of the values as text. */
  readonly textBytes: number
  /** Their share of the compressed bytes. */
  readonly storedBytes: number
}

/** One block of a segment. */
export interface BlockReport {
  readonly stream: number
  readonly rows: number
  readonly offset: number
  readonly codec: 'plain' | 'columns' | 'unknown'
  readonly lineBytes: number
  readonly storedBytes: number
  readonly filterBytes: number
  readonly minMs: number
  readonly maxMs: number
  /** Number of different line shapes; undefined without columns. */
  readonly shapes: number | undefined
  readonly columns: readonly ColumnReport[]
}

const ENCODING_NAMES = ['', 'constant', 'raw', 'dictionary', 'integer', 'decimal', 'time', 'hex', 'ipv4']

/**
 * Reads everything of a block, compares it with what the directory and the filter say of it, and encodes its
 * lines anew: what comes out must be the same lines. Damage ends up in `problems`.
 * @param stored the bytes of its parts
 * @param filter its filter, empty where it has none
 */
export async function inspectBlock(
  entry: DirectoryEntry,
  stored: Uint8Array,
  filter: Uint8Array,
  problems: SegmentProblem[],
): Promise<BlockReport> {
  const { rows, offset, codec, times, lengths, metadata, lines } = entry
  const linesAt = times.storedBytes + lengths.storedBytes + metadata.storedBytes
  const report: BlockReport = {
    stream: entry.stream,
    rows,
    offset,
    codec: codec === PLAIN_CODEC ? 'plain' : codec === COLUMNS_CODEC ? 'columns' : 'unknown',
    lineBytes: lines.rawBytes,
    storedBytes: linesAt + lines.storedBytes,
    filterBytes: entry.filterBytes,
    minMs: entry.minMs,
    maxMs: entry.maxMs,
    shapes: undefined,
    columns: [],
  }
  let at = 0
  let place = offset
  const next = (info: PartInfo): Uint8Array => {
    place = offset + at
    const part = unpackPart(stored.subarray(at, at + info.storedBytes), info)
    at += info.storedBytes
    return part
  }
  try {
    const rowTimes = decodeTimes(next(times), rows, entry.minMs)
    const rowLengths = decodeLengths(next(lengths), rows)
    decodeMetadata(next(metadata), rows)
    checkTimes(entry, rowTimes)
    place = offset + linesAt
    if (codec === PLAIN_CODEC) {
      const bytes = next(lines)
      await checkLines(bytes, rowLengths, rowTimes, filter)
      return report
    }
    if (codec !== COLUMNS_CODEC) throw new FormatError(`block codec ${codec} is not known to this Logboom`)
    const columns = openColumns(stored.subarray(linesAt), rowTimes)
    columns.streams.check()
    const { bytes } = decodeLines(columns)
    await checkLines(bytes, rowLengths, rowTimes, filter)
    return { ...report, shapes: columns.shapes.count, columns: columnReports(columns) }
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown
    problems.push({ offset: place, problem: `${rows} rows of a block: ${thrown.message}` })
    return report
  }
}

function checkTimes(entry: DirectoryEntry, { tsMs, tsNs }: Times): void {
  const last = entry.rows - 1
  for (let row = 1; row <= last; row++) {
    const isBefore = tsMs[row] < tsMs[row - 1] || (tsMs[row] === tsMs[row - 1] && tsNs[row] < tsNs[row - 1])
    if (isBefore) throw new FormatError(`row ${row} is older than the one before`)
  }
  if (tsMs[last] !== entry.maxMs || tsNs[last] !== entry.maxNs || tsNs[0] !== entry.minNs) {
    throw new FormatError('the directory has other times')
  }
}

/** Lengths that fit, a filter that knows every line, and lines that survive being encoded anew. */
async function checkLines(
  bytes: Uint8Array,
  lengths: Uint32Array,
  times: Times,
  filter: Uint8Array,
): Promise<void> {
  const sum = lengths.reduce((total, length) => total + length, 0)
  if (sum !== bytes.length) throw new FormatError(`${bytes.length} bytes of lines, their lengths say ${sum}`)
  if (filter.length > 0 && Buffer.compare(buildGramFilter(bytes), filter) !== 0) {
    throw new FormatError('the filter is not that of the lines: searches may miss some')
  }
  const { codec, part } = await encodeBlockLines({ ...times, lengths, lines: bytes })
  const again =
    codec === COLUMNS_CODEC
      ? decodeLines(openColumns(part.stored, times)).bytes
      : unpackPart(part.stored, part.info)
  if (Buffer.compare(again, bytes) !== 0) throw new FormatError('encoded anew, the lines are others')
}

function columnReports({ directory, text }: Columns): ColumnReport[] {
  return directory.columns.map(({ origin, key, values, encoding }, column) => {
    const { from, to, ids } = text(column)
    let textBytes = 0
    for (let row = 0; row < values; row++) {
      const value = ids === undefined ? row : ids[row]
      textBytes += to[value] - from[value]
    }
    const storedBytes = refsOf(encoding).reduce((sum, { chunk, length }) => {
      const { storedBytes: stored, rawBytes } = directory.chunks[chunk]
      return sum + (rawBytes === 0 ? 0 : (length * stored) / rawBytes)
    }, 0)
    return {
      origin: origin === JSON_ORIGIN ? 'json' : 'text',
      key: Buffer.from(key).toString('utf8').replaceAll('\0', '.'),
      encodings: { [nameOf(encoding)]: 1 },
      values,
      textBytes,
      storedBytes: Math.round(storedBytes),
    }
  })
}

function nameOf(encoding: Encoding): string {
  const name = ENCODING_NAMES[encoding.code]
  return encoding.code === DICTIONARY ? `${name} of ${nameOf(encoding.values)}` : name
}

/** The streams that hold a column's values. */
function refsOf(encoding: Encoding): readonly StreamRef[] {
  const ofInts = ({ planes }: IntsInfo): StreamRef[] => planes.map(({ ref }) => ref)
  if ('ids' in encoding) return [...refsOf(encoding.values), ...ofInts(encoding.ids)]
  if ('lengths' in encoding) return [...ofInts(encoding.lengths), encoding.bytes]
  if ('nibbles' in encoding) return [encoding.nibbles]
  return 'ints' in encoding ? ofInts(encoding.ints) : []
}
