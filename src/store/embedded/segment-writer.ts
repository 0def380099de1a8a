import { dirname } from 'node:path'
import type { Labels } from '#base/labels.ts'
import { byteEntropy } from '../columns/streams.ts'
import type { Metadata } from '../types.ts'
import { encodeLengths, encodeMetadata, encodeTimes } from './block-codec.ts'
import { encodeBlockLines } from './block-lines.ts'
import { ByteWriter } from './bytes.ts'
import { syncDir } from './disk.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { buildGramFilter } from './gram-filter.ts'
import { type Part, packPart, packPartOf, storePart, storePartInPlace } from './parts.ts'
import {
  type Counters,
  type DirectoryEntry,
  encodeCounters,
  encodeDirectory,
  encodeStreams,
  encodeTrailer,
  LEVEL_ALONE,
  NO_ESCAPES,
  SECTIONS,
  SEGMENT_HEADER,
  type Section,
  type SegmentProperties,
} from './segment-format.ts'
import { WriteBuffer } from './write-buffer.ts'

const ESCAPE = Buffer.from('\\u')

/** What the buffer of filters begins with. */
const FILTER_BYTES = 4096

/** Rows of one stream in time order, on their way into a block. */
export interface BlockRows {
  /** Number of the stream in the segment. */
  readonly stream: number
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
  readonly lengths: Uint32Array
  /** Per row: index into `sets`, whose first is the empty set. */
  readonly metadata: Uint32Array
  readonly sets: readonly Metadata[]
  /** The lines, one after another. */
  readonly lines: Uint8Array
}

function blockTraits({ lines, metadata, sets }: BlockRows): number {
  const hasEscapes = Buffer.from(lines.buffer, lines.byteOffset, lines.length).includes(ESCAPE)
  return (hasEscapes ? 0 : NO_ESCAPES) | (hasOtherThanLevel(metadata, sets) ? 0 : LEVEL_ALONE)
}

function hasOtherThanLevel(ids: Uint32Array, sets: readonly Metadata[]): boolean {
  let last = 0
  for (const id of ids) {
    if (id === last) continue
    if (sets[id].some(([name]) => name !== 'detected_level')) return true
    last = id
  }
  return false
}

/** Bits per byte of times above which compressing saves so little that it is not tried. */
const NOISY_TIMES_BITS = 6

/** Times in nanoseconds are mostly noise. */
function packTimes(times: Uint8Array, lineBytes: number): Part {
  return byteEntropy(times) > NOISY_TIMES_BITS ? storePartInPlace(times) : packPartOf(times, lineBytes)
}

/** Writes one segment file: blocks as they come, then everything else. Nothing is visible before `finish`. */
export class SegmentWriter {
  readonly #fs: FileSystem
  readonly #path: string
  readonly #handle: StoreFile
  readonly #out: WriteBuffer
  readonly #entries: DirectoryEntry[] = []
  /** One buffer: many small ones that stay until the end leave holes in memory. */
  readonly #filters = new ByteWriter(FILTER_BYTES)

  private constructor(fs: FileSystem, path: string, handle: StoreFile) {
    this.#fs = fs
    this.#path = path
    this.#handle = handle
    this.#out = new WriteBuffer(handle)
    this.#out.add(SEGMENT_HEADER)
  }

  /** Begins the segment that will be at `path`, whose directory exists. */
  static async create(fs: FileSystem, path: string): Promise<SegmentWriter> {
    return new SegmentWriter(fs, path, await fs.open(`${path}.tmp`, 'w'))
  }

  /**
   * Adds a block. Streams ascend; blocks of a stream ascend in time. `rows` must not change until this
   * resolves.
   */
  async addBlock(rows: BlockRows): Promise<void> {
    const { tsMs, tsNs } = rows
    const last = tsMs.length - 1
    const lineBytes = rows.lines.length
    const times = packTimes(encodeTimes(rows), lineBytes)
    const lengths = packPartOf(encodeLengths(rows.lengths), lineBytes)
    const metadata = packPartOf(encodeMetadata(rows.metadata, rows.sets), lineBytes)
    const filter = buildGramFilter(rows.lines)
    this.#filters.raw(filter)
    const { codec, part: lines } = await encodeBlockLines(rows)
    this.#entries.push({
      stream: rows.stream,
      rows: tsMs.length,
      minMs: tsMs[0],
      minNs: tsNs[0],
      maxMs: tsMs[last],
      maxNs: tsNs[last],
      offset: this.#out.offset,
      codec,
      traits: blockTraits(rows),
      times: times.info,
      lengths: lengths.info,
      metadata: metadata.info,
      lines: lines.info,
      filterBytes: filter.length,
    })
    for (const part of [times, lengths, metadata, lines]) this.#out.add(part.stored)
    if (this.#out.isDue) await this.#out.flush()
  }

  /**
   * Adds a block of another segment as it is. `stored` are its parts, `filter` its filter; the order is that
   * of {@link SegmentWriter.addBlock}.
   */
  async copyBlock(
    stream: number,
    entry: DirectoryEntry,
    stored: Uint8Array,
    filter: Uint8Array,
  ): Promise<void> {
    this.#entries.push({ ...entry, stream, offset: this.#out.offset, filterBytes: filter.length })
    this.#filters.raw(filter)
    this.#out.add(stored)
    if (this.#out.isDue) await this.#out.flush()
  }

  /** Completes the file and makes it durable under its name. */
  async finish(streams: readonly Labels[], counters: Counters, properties: SegmentProperties): Promise<void> {
    const sections: Record<Section, Part> = {
      streams: await packPart(encodeStreams(streams)),
      counters: await packPart(encodeCounters(counters)),
      filters: storePartInPlace(this.#filters.view()),
      directory: await packPart(encodeDirectory(this.#entries)),
      properties: storePart(Buffer.from(JSON.stringify(properties))),
    }
    const sectionsAt = this.#out.offset
    for (const name of SECTIONS) this.#out.add(sections[name].stored)
    const { streams: s, counters: c, filters: f, directory: d, properties: p } = sections
    const infos = {
      streams: s.info,
      counters: c.info,
      filters: f.info,
      directory: d.info,
      properties: p.info,
    }
    this.#out.add(encodeTrailer({ sectionsAt, sections: infos, blocks: this.#entries.length }))
    await this.#out.flush()
    this.#out.release()
    await this.#handle.sync()
    await this.#handle.close()
    await this.#fs.rename(`${this.#path}.tmp`, this.#path)
    await syncDir(this.#fs, dirname(this.#path))
  }

  /** Drops an unfinished file. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
    await this.#fs.unlink(`${this.#path}.tmp`).catch(() => undefined)
  }
}
