import { errorMessage, OperatorError } from '#base/errors.ts'
import { type Labels, labelsText } from '#base/labels.ts'
import { FormatError } from './bytes.ts'
import { readFully } from './disk.ts'
import { type FileSystem, nodeFileSystem, type StoreFile } from './file-system.ts'
import { type BlockReport, type ColumnReport, inspectBlock, type SegmentProblem } from './inspect-block.ts'
import { type PartInfo, unpackPart } from './parts.ts'
import {
  Directory,
  decodeCounters,
  decodeProperties,
  decodeStreams,
  decodeTrailer,
  SECTIONS,
  SEGMENT_HEADER,
  type Section,
  type SegmentProperties,
  sectionOffset,
  TRAILER_BYTES,
  type Trailer,
} from './segment-format.ts'

/** A section of the footer. */
export interface SectionReport {
  readonly name: Section
  readonly offset: number
  readonly storedBytes: number
  readonly rawBytes: number
}

/** One stream of a segment. */
export interface StreamReport {
  /** `{a="b", c="d"}` */
  readonly labels: string
  readonly blocks: number
  readonly rows: number
  readonly lineBytes: number
  readonly storedBytes: number
}

/** What the counters of a segment add up to. */
export interface CountersReport {
  readonly cells: number
  readonly lines: number
  readonly bytes: number
  readonly linesByLevel: Readonly<Record<string, number>>
}

/** Everything there is to know about a segment file; what is damaged is missing, and in `problems`. */
export interface SegmentReport {
  readonly path: string
  readonly sizeBytes: number
  readonly properties: SegmentProperties | undefined
  readonly sections: readonly SectionReport[]
  readonly streams: readonly StreamReport[]
  readonly blocks: readonly BlockReport[]
  /** The columns of all blocks, by key, those first that take most room. */
  readonly columns: readonly ColumnReport[]
  readonly counters: CountersReport | undefined
  readonly problems: readonly SegmentProblem[]
}

/** A file under examination. */
interface Examined {
  readonly handle: StoreFile
  readonly sizeBytes: number
  readonly problems: SegmentProblem[]
}

/**
 * Reads all of a segment, checks every checksum, and encodes all lines anew. A file of a running store can be
 * inspected: it never changes.
 * @throws OperatorError `segment_io` where the file cannot be read
 */
export async function inspectSegment(path: string, fs: FileSystem = nodeFileSystem): Promise<SegmentReport> {
  try {
    const handle = await fs.open(path, 'r')
    try {
      const { size } = await handle.stat()
      return await examine(path, { handle, sizeBytes: size, problems: [] })
    } finally {
      await handle.close()
    }
  } catch (thrown) {
    throw new OperatorError('segment_io', `cannot read ${path}: ${errorMessage(thrown)}`, { cause: thrown })
  }
}

async function examine(path: string, file: Examined): Promise<SegmentReport> {
  const { sizeBytes, problems } = file
  const header = await readFully(file.handle, SEGMENT_HEADER.length, 0)
  if (Buffer.compare(header, SEGMENT_HEADER) !== 0) {
    problems.push({ offset: 0, problem: 'the file does not begin as a segment does' })
  }
  const trailerAt = Math.max(0, sizeBytes - TRAILER_BYTES)
  const trailer = await attempt(file, trailerAt, async () =>
    decodeTrailer(await readFully(file.handle, TRAILER_BYTES, trailerAt)),
  )
  const empty = { properties: undefined, sections: [], streams: [], blocks: [], columns: [] }
  if (trailer === undefined) return { path, sizeBytes, ...empty, counters: undefined, problems }
  const section = <T>(name: Section, decode: (part: Uint8Array) => T): Promise<T | undefined> => {
    const offset = sectionOffset(trailer, name)
    const info = trailer.sections[name]
    return attempt(file, offset, async () => decode(await readPart(file, offset, info)))
  }
  const properties = await section('properties', decodeProperties)
  const labels = (await section('streams', decodeStreams)) ?? []
  const directory = await section('directory', (part) => new Directory(part, trailer.blocks))
  const filters = await section('filters', (part) => part)
  const counters = await section('counters', decodeCounters)
  const blocks = directory === undefined ? [] : await examineBlocks(file, directory, filters)
  const report: SegmentReport = {
    path,
    sizeBytes,
    properties,
    sections: SECTIONS.map((name) => sectionReport(trailer, name)),
    streams: streamReports(labels, blocks),
    blocks,
    columns: mergeColumns(blocks.flatMap(({ columns }) => columns)),
    counters: counters && countersReport(counters),
    problems,
  }
  problems.push(...totalsProblems(report, trailerAt))
  return report
}

/** The result, or undefined and a problem where the bytes are damaged or the disk cannot read them. */
async function attempt<T>(
  { problems }: Examined,
  offset: number,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    const isDamage = thrown instanceof FormatError || (thrown instanceof Error && 'code' in thrown)
    if (!isDamage) throw thrown
    problems.push({ offset, problem: errorMessage(thrown) })
    return undefined
  }
}

async function readPart({ handle }: Examined, offset: number, info: PartInfo): Promise<Uint8Array> {
  return new Uint8Array(unpackPart(await readFully(handle, info.storedBytes, offset), info))
}

async function examineBlocks(
  file: Examined,
  directory: Directory,
  filters: Uint8Array | undefined,
): Promise<BlockReport[]> {
  const blocks: BlockReport[] = []
  let filterAt = 0
  for (let block = 0; block < directory.length; block++) {
    const entry = directory.entry(block)
    const { times, lengths, metadata, lines, filterBytes } = entry
    const bytes = times.storedBytes + lengths.storedBytes + metadata.storedBytes + lines.storedBytes
    const filter = filters?.subarray(filterAt, filterAt + filterBytes) ?? new Uint8Array(0)
    filterAt += filterBytes
    const report = await attempt(file, entry.offset, async () =>
      inspectBlock(entry, await readFully(file.handle, bytes, entry.offset), filter, file.problems),
    )
    if (report !== undefined) blocks.push(report)
  }
  return blocks
}

function sectionReport(trailer: Trailer, name: Section): SectionReport {
  const { storedBytes, rawBytes } = trailer.sections[name]
  return { name, offset: sectionOffset(trailer, name), storedBytes, rawBytes }
}

function streamReports(labels: readonly Labels[], blocks: readonly BlockReport[]): StreamReport[] {
  const own = Map.groupBy(blocks, ({ stream }) => stream)
  const sum = (of: readonly BlockReport[], field: 'rows' | 'lineBytes' | 'storedBytes'): number =>
    of.reduce((total, block) => total + block[field], 0)
  return labels.map((each, number) => {
    const of = own.get(number) ?? []
    return {
      labels: labelsText(each),
      blocks: of.length,
      rows: sum(of, 'rows'),
      lineBytes: sum(of, 'lineBytes'),
      storedBytes: sum(of, 'storedBytes'),
    }
  })
}

function mergeColumns(columns: readonly ColumnReport[]): ColumnReport[] {
  const groups = [...Map.groupBy(columns, ({ origin, key }) => `${origin} ${key}`).values()]
  const merged = groups.map((group) => {
    const encodings: Record<string, number> = {}
    for (const column of group) {
      for (const [name, count] of Object.entries(column.encodings)) {
        encodings[name] = (encodings[name] ?? 0) + count
      }
    }
    const sum = (field: 'values' | 'textBytes' | 'storedBytes'): number =>
      group.reduce((total, column) => total + column[field], 0)
    const [{ origin, key }] = group
    const sums = { values: sum('values'), textBytes: sum('textBytes'), storedBytes: sum('storedBytes') }
    return { origin, key, encodings, ...sums }
  })
  return merged.sort((a, b) => b.storedBytes - a.storedBytes)
}

function countersReport({ levels, level, lines, bytes }: ReturnType<typeof decodeCounters>): CountersReport {
  const byLevel: Record<string, number> = {}
  for (let cell = 0; cell < lines.length; cell++) {
    const name = levels[level[cell]]?.level ?? ''
    byLevel[name] = (byLevel[name] ?? 0) + lines[cell]
  }
  return {
    cells: lines.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    bytes: bytes.reduce((sum, count) => sum + count, 0),
    linesByLevel: byLevel,
  }
}

/** Directory, counters and properties count the same rows. */
function totalsProblems({ blocks, counters, properties }: SegmentReport, offset: number): SegmentProblem[] {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
  const found: SegmentProblem[] = []
  if (properties !== undefined && properties.rows !== rows) {
    found.push({ offset, problem: `the properties say ${properties.rows} rows, the blocks have ${rows}` })
  }
  if (counters !== undefined && counters.lines !== rows) {
    found.push({ offset, problem: `the counters say ${counters.lines} rows, the blocks have ${rows}` })
  }
  return found
}
