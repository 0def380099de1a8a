import { crc32 } from 'node:zlib'
import type { Labels } from '#base/labels.ts'
import { ByteReader, ByteWriter, FormatError, readPairs, VersionError, writePairs } from './bytes.ts'
import { COUNTED_METADATA, type CountedLevel } from './counted-level.ts'
import { PART_INFO_BYTES, type PartInfo, readPartInfo, writePartInfo } from './parts.ts'

// Everything in a segment but the blocks' parts, docs/formats/segment.md.

/** The first bytes of every segment file. */
export const SEGMENT_HEADER = Buffer.from('LBSEG001\0\0\0\0\0\0\0\0', 'latin1')
/** Length of the trailer at the end of every segment file. */
export const TRAILER_BYTES = 96
const TRAILER_MAGIC = 'LBSEGEND'
const VERSION = 2

/**
 * Sections in the order of the file: what a start needs comes last, so that one read of the file's end gets
 * it.
 */
export const SECTIONS = ['counters', 'filters', 'streams', 'directory', 'properties'] as const
/** A section of the footer. */
export type Section = (typeof SECTIONS)[number]

/** The last bytes of a segment: where its sections are and what it covers of the log. */
export interface Trailer {
  readonly sectionsAt: number
  readonly sections: Record<Section, PartInfo>
  readonly blocks: number
}

/** The trailer's bytes, its own checksum included. */
export function encodeTrailer(trailer: Trailer): Uint8Array {
  const bytes = Buffer.alloc(TRAILER_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES)
  view.setFloat64(0, trailer.sectionsAt, true)
  SECTIONS.forEach((section, i) => {
    writePartInfo(view, 8 + i * PART_INFO_BYTES, trailer.sections[section])
  })
  view.setUint32(68, trailer.blocks, true)
  view.setUint32(80, crc32(bytes.subarray(0, 80)), true)
  view.setUint32(84, VERSION, true)
  bytes.write(TRAILER_MAGIC, 88, 'latin1')
  return bytes
}

/** @throws FormatError where these are not the last bytes of a segment of this version */
export function decodeTrailer(bytes: Buffer): Trailer {
  if (bytes.length !== TRAILER_BYTES || bytes.toString('latin1', 88) !== TRAILER_MAGIC) {
    throw new FormatError('the file does not end as a segment does')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES)
  const version = view.getUint32(84, true)
  if (version !== VERSION) {
    throw new VersionError(`segment version ${version}; this Logboom reads version ${VERSION}`)
  }
  if (crc32(bytes.subarray(0, 80)) !== view.getUint32(80, true)) {
    throw new FormatError('the trailer does not fit its checksum')
  }
  const info = (i: number): PartInfo => readPartInfo(view, 8 + i * PART_INFO_BYTES)
  return {
    sectionsAt: view.getFloat64(0, true),
    sections: {
      counters: info(0),
      filters: info(1),
      streams: info(2),
      directory: info(3),
      properties: info(4),
    },
    blocks: view.getUint32(68, true),
  }
}

/** Where a section begins in the file. */
export function sectionOffset(trailer: Trailer, section: Section): number {
  let offset = trailer.sectionsAt
  for (const name of SECTIONS) {
    if (name === section) break
    offset += trailer.sections[name].storedBytes
  }
  return offset
}

/** What a segment says about itself; JSON in the file. */
export interface SegmentProperties {
  readonly tenant: string
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string
  /** Log files whose rows of this tenant and day are in the segment. */
  readonly walFrom: number
  readonly walTo: number
  readonly rows: number
  readonly lineBytes: number
  readonly minMs: number
  readonly maxMs: number
  readonly createdMs: number
  readonly writer: string
  /** How often its rows were rewritten at most; absent in what a flush wrote. */
  readonly generation?: number
  /** File names, in the same folder, of the segments whose rows it has taken over: to be removed. */
  readonly replaces?: readonly string[]
}

/** @throws FormatError where the part is not what {@link SegmentProperties} says */
export function decodeProperties(part: Uint8Array): SegmentProperties {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(part).toString('utf8'))
  } catch {
    throw new FormatError('the properties are not JSON')
  }
  const fields = value as Record<string, unknown>
  const numbers = ['walFrom', 'walTo', 'rows', 'lineBytes', 'minMs', 'maxMs', 'createdMs']
  const complete =
    typeof value === 'object' &&
    value !== null &&
    numbers.every((name) => typeof fields[name] === 'number') &&
    ['tenant', 'day', 'writer'].every((name) => typeof fields[name] === 'string')
  if (!complete) throw new FormatError('the properties are incomplete')
  const { generation = 0, replaces = [] } = fields
  if (typeof generation !== 'number' || !isTexts(replaces)) {
    throw new FormatError('the properties do not say in a known way what they replace')
  }
  return value as SegmentProperties
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** The label sets of a segment's streams; their order gives them their numbers. */
export function encodeStreams(streams: readonly Labels[]): Uint8Array {
  const writer = new ByteWriter(4096)
  writer.varint(streams.length)
  for (const labels of streams) writePairs(writer, labels)
  return writer.view()
}

/** Undoes {@link encodeStreams}. Throws when the part is damaged. */
export function decodeStreams(part: Uint8Array): Labels[] {
  const offsets = streamOffsets(part)
  return Array.from(offsets.subarray(1), (_, stream) => decodeStream(part, offsets[stream]))
}

/**
 * Where each label set lies in the part: that of stream `n` at [offsets[n], offsets[n + 1]).
 * @throws FormatError where the part is cut short
 */
export function streamOffsets(part: Uint8Array): Uint32Array {
  const reader = new ByteReader(part)
  const offsets = new Uint32Array(reader.count() + 1)
  for (let stream = 0; stream + 1 < offsets.length; stream++) {
    offsets[stream] = reader.offset
    for (let left = 2 * reader.count(2); left > 0; left--) reader.skip(reader.varint())
  }
  offsets[offsets.length - 1] = reader.offset
  return offsets
}

/** The label set at one of {@link streamOffsets}. */
export function decodeStream(part: Uint8Array, offset: number): Labels {
  return readPairs(new ByteReader(part, offset))
}

/** What the directory says of one block: enough to rule it out without reading it. */
export interface DirectoryEntry {
  /** Number in the streams section. */
  readonly stream: number
  readonly rows: number
  readonly minMs: number
  readonly minNs: number
  readonly maxMs: number
  readonly maxNs: number
  /** Of the first part in the file. */
  readonly offset: number
  readonly codec: number
  /** What is certain of all rows: bits {@link NO_ESCAPES} and {@link LEVEL_ALONE}. */
  readonly traits: number
  readonly times: PartInfo
  readonly lengths: PartInfo
  readonly metadata: PartInfo
  readonly lines: PartInfo
  readonly filterBytes: number
}

const ENTRY_BYTES = 96
/** Trait of a block: no line has an escape `\u`, so that JSON and logfmt show plain texts as they are. */
export const NO_ESCAPES = 1
/** Trait of a block: no row has metadata of another name than `detected_level`. */
export const LEVEL_ALONE = 2
/** Block codec: the lines as one compressed part. */
export const PLAIN_CODEC = 1
/** Block codec: the lines as columns, docs/formats/columns.md. */
export const COLUMNS_CODEC = 2

/** The directory of blocks, in entries of one length. */
export function encodeDirectory(entries: readonly DirectoryEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  entries.forEach((entry, i) => {
    const at = i * ENTRY_BYTES
    view.setUint32(at, entry.stream, true)
    view.setUint32(at + 4, entry.rows, true)
    view.setFloat64(at + 8, entry.minMs, true)
    view.setFloat64(at + 16, entry.maxMs, true)
    view.setUint32(at + 24, entry.minNs, true)
    view.setUint32(at + 28, entry.maxNs, true)
    view.setFloat64(at + 32, entry.offset, true)
    view.setUint16(at + 40, entry.codec, true)
    view.setUint16(at + 42, entry.traits, true)
    writePartInfo(view, at + 44, entry.times)
    writePartInfo(view, at + 56, entry.lengths)
    writePartInfo(view, at + 68, entry.metadata)
    writePartInfo(view, at + 80, entry.lines)
    view.setUint32(at + 92, entry.filterBytes, true)
  })
  return bytes
}

/**
 * Block descriptions where they lie in the directory: an object is made only for the blocks that are looked
 * at.
 */
export class Directory {
  readonly #view: DataView
  readonly length: number

  constructor(part: Uint8Array, blocks: number) {
    if (part.length !== blocks * ENTRY_BYTES) throw new FormatError('the directory has the wrong length')
    this.#view = new DataView(part.buffer, part.byteOffset, part.length)
    this.length = blocks
  }

  stream(block: number): number {
    return this.#view.getUint32(block * ENTRY_BYTES, true)
  }

  rows(block: number): number {
    return this.#view.getUint32(block * ENTRY_BYTES + 4, true)
  }

  minMs(block: number): number {
    return this.#view.getFloat64(block * ENTRY_BYTES + 8, true)
  }

  maxMs(block: number): number {
    return this.#view.getFloat64(block * ENTRY_BYTES + 16, true)
  }

  codec(block: number): number {
    return this.#view.getUint16(block * ENTRY_BYTES + 40, true)
  }

  traits(block: number): number {
    return this.#view.getUint16(block * ENTRY_BYTES + 42, true)
  }

  lineBytes(block: number): number {
    return this.#view.getUint32(block * ENTRY_BYTES + 84, true)
  }

  filterBytes(block: number): number {
    return this.#view.getUint32(block * ENTRY_BYTES + 92, true)
  }

  entry(block: number): DirectoryEntry {
    const view = this.#view
    const at = block * ENTRY_BYTES
    return {
      stream: view.getUint32(at, true),
      rows: view.getUint32(at + 4, true),
      minMs: view.getFloat64(at + 8, true),
      maxMs: view.getFloat64(at + 16, true),
      minNs: view.getUint32(at + 24, true),
      maxNs: view.getUint32(at + 28, true),
      offset: view.getFloat64(at + 32, true),
      codec: view.getUint16(at + 40, true),
      traits: view.getUint16(at + 42, true),
      times: readPartInfo(view, at + 44),
      lengths: readPartInfo(view, at + 56),
      metadata: readPartInfo(view, at + 68),
      lines: readPartInfo(view, at + 80),
      filterBytes: view.getUint32(at + 92, true),
    }
  }
}

/** Lines and bytes per minute, stream and level: columns of cells. */
export interface Counters {
  readonly levels: readonly CountedLevel[]
  /** Minutes since the epoch. */
  readonly minute: Float64Array
  readonly bytes: Float64Array
  /** Bytes of the values of structured metadata. */
  readonly metadataBytes: Float64Array
  readonly lines: Uint32Array
  /** Number in the streams section. */
  readonly stream: Uint32Array
  /** Index into `levels`. */
  readonly level: Uint32Array
}

const CELL_BYTES = 36

/** Lines and bytes per minute, stream and level, as deltas. */
export function encodeCounters(counters: Counters): Uint8Array {
  const writer = new ByteWriter(256)
  writer.varint(counters.levels.length)
  for (const { level, metadata } of counters.levels) {
    writer.text(level)
    writer.varint(COUNTED_METADATA.indexOf(metadata))
  }
  const cells = counters.minute.length
  const columnsAt = (writer.length + 4 + 7) & ~7
  const bytes = new Uint8Array(columnsAt + cells * CELL_BYTES)
  bytes.set(writer.view())
  new DataView(bytes.buffer).setUint32(writer.length, cells, true)
  const to = counterColumns(bytes.buffer, columnsAt, cells)
  to.minute.set(counters.minute)
  to.bytes.set(counters.bytes)
  to.metadataBytes.set(counters.metadataBytes)
  to.lines.set(counters.lines)
  to.stream.set(counters.stream)
  to.level.set(counters.level)
  return bytes
}

/** @throws FormatError */
export function decodeCounters(part: Uint8Array): Counters {
  const reader = new ByteReader(part)
  const levels: CountedLevel[] = []
  for (let left = reader.count(); left > 0; left--) {
    const level = reader.text()
    const metadata = COUNTED_METADATA[reader.varint()]
    if (metadata === undefined) throw new FormatError('the counters have a level of an unknown kind')
    levels.push({ level, metadata })
  }
  reader.raw(4)
  const cells = new DataView(part.buffer, part.byteOffset).getUint32(reader.offset - 4, true)
  const columnsAt = (reader.offset + 7) & ~7
  if (part.length !== columnsAt + cells * CELL_BYTES) throw new FormatError('the counters are cut short')
  // Copied to a place of their own: columns must lie at a multiple of eight, wherever the part does.
  return { levels, ...counterColumns(new Uint8Array(part.subarray(columnsAt)).buffer, 0, cells) }
}

function counterColumns(buffer: ArrayBuffer, at: number, cells: number) {
  return {
    minute: new Float64Array(buffer, at, cells),
    bytes: new Float64Array(buffer, at + cells * 8, cells),
    metadataBytes: new Float64Array(buffer, at + cells * 16, cells),
    lines: new Uint32Array(buffer, at + cells * 24, cells),
    stream: new Uint32Array(buffer, at + cells * 28, cells),
    level: new Uint32Array(buffer, at + cells * 32, cells),
  }
}
