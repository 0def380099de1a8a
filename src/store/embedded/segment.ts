import { invariant } from '#base/invariant.ts'
import { FormatError } from './bytes.ts'
import type { Catalog } from './catalog.ts'
import { readFully } from './disk.ts'
import type { StoreFile } from './file-system.ts'
import type { HandlePool } from './handle-pool.ts'
import { unpackPart } from './parts.ts'
import { DAY_MS } from './paths.ts'
import {
  type Counters,
  Directory,
  decodeCounters,
  decodeProperties,
  decodeTrailer,
  encodeTrailer,
  type Section,
  type SegmentProperties,
  sectionOffset,
  streamOffsets,
  TRAILER_BYTES,
  type Trailer,
} from './segment-format.ts'
import type { IndexedSegment } from './segment-index.ts'
import type { Stream } from './stream.ts'
import { StreamIds } from './stream-ids.ts'

let nextId = 0

/** The block directory of a segment, and what goes with it. */
interface Loaded {
  readonly directory: Directory
  /** By number in the segment. */
  readonly streams: readonly Stream[]
  /** Per stream of the segment: its first block; one more for the end. */
  readonly firstBlock: Uint32Array
}

/** What tells a file from another one that had its name before. */
export interface FileIdentity {
  readonly path: string
  readonly sizeBytes: number
  readonly mtimeMs: number
}

/** What a segment is known by while its directory is not in memory. */
interface Known {
  readonly trailer: Trailer
  readonly properties: SegmentProperties
  readonly streamIds: StreamIds
}

/**
 * A segment file that answers. What it is about is always in memory, its block directory from the first
 * question about its rows on until others need the room; everything else is read when asked for.
 */
export class Segment {
  /** Unique in this process. */
  readonly id = nextId++
  readonly path: string
  readonly sizeBytes: number
  readonly mtimeMs: number
  readonly properties: SegmentProperties
  /** Day number, as in `dayOf`. */
  readonly day: number
  readonly streamIds: StreamIds
  readonly trailer: Trailer
  /** Blocks that failed their checksum; reported once. */
  readonly corruptBlocks = new Set<number>()
  /** Scans that are using the file: it stays as long, and so does the directory. */
  pins = 0
  readonly #handles: HandlePool
  readonly #catalog: Catalog
  #loaded: Loaded | undefined
  #loading: Promise<void> | undefined

  private constructor(file: FileIdentity, known: Known, handles: HandlePool, catalog: Catalog) {
    this.path = file.path
    this.sizeBytes = file.sizeBytes
    this.mtimeMs = file.mtimeMs
    this.#handles = handles
    this.#catalog = catalog
    this.properties = known.properties
    this.day = Date.parse(known.properties.day) / DAY_MS
    this.streamIds = known.streamIds
    this.trailer = known.trailer
  }

  /**
   * Reads the footer and enters the streams into the catalog.
   * @throws FormatError where the file is not a whole segment
   */
  static async open(path: string, handles: HandlePool, catalog: Catalog): Promise<Segment> {
    const { file, footer } = await handles.use(path, async (handle) => {
      const { size: sizeBytes, mtimeMs } = await handle.stat()
      return { file: { path, sizeBytes, mtimeMs }, footer: await readFooter(handle, sizeBytes, catalog) }
    })
    const streamIds = StreamIds.of(footer.streams.map(({ id }) => id))
    const segment = new Segment(file, { ...footer, streamIds }, handles, catalog)
    segment.#keep(footer.directory, footer.streams)
    return segment
  }

  /**
   * A segment as the index has it. `firstId` is the id of the first stream of the tenant there.
   * @throws FormatError where its trailer is not one
   */
  static indexed(
    file: FileIdentity,
    { trailer, properties, streamRuns }: IndexedSegment,
    firstId: number,
    handles: HandlePool,
    catalog: Catalog,
  ): Segment {
    const streamIds = StreamIds.ofRuns(streamRuns, firstId)
    const known = { trailer: decodeTrailer(Buffer.from(trailer)), properties, streamIds }
    return new Segment(file, known, handles, catalog)
  }

  /** By number in the segment. */
  get streams(): readonly Stream[] {
    return this.#loaded?.streams ?? this.#listStreams()
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined
  }

  /** Only while {@link Segment.isLoaded}. */
  get directory(): Directory {
    return this.#mustBeLoaded().directory
  }

  /** Memory that the directory takes when it is loaded, about. */
  get loadedBytes(): number {
    return this.trailer.sections.directory.rawBytes + this.streamIds.size * 12
  }

  /**
   * Has the directory in memory. The promise resolves at once after a call that is under way.
   * @throws FormatError where it is damaged, or the file is another one than it was
   */
  load(): Promise<void> {
    if (this.#loaded !== undefined) return Promise.resolve()
    this.#loading ??= this.#readDirectory().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /** Lets go of the directory. Not while somebody uses it. */
  unload(): void {
    invariant(this.pins === 0, 'a directory in use stays')
    this.#loaded = undefined
  }

  /** The blocks of a stream: [from, to) of the directory. */
  blocksOf(stream: Stream): readonly [from: number, to: number] {
    const number = this.streamIds.numberOf(stream.id)
    if (number < 0) return [0, 0]
    const { firstBlock } = this.#mustBeLoaded()
    return [firstBlock[number], firstBlock[number + 1]]
  }

  /** Bytes of the file as they are stored. */
  read(offset: number, length: number): Promise<Buffer> {
    return this.#handles.use(this.path, (handle) => readFully(handle, length, offset))
  }

  /** @throws FormatError where the section is damaged */
  async readSection(section: Section): Promise<Uint8Array> {
    const info = this.trailer.sections[section]
    return unpackPart(await this.read(sectionOffset(this.trailer, section), info.storedBytes), info)
  }

  /** @throws FormatError where they are damaged */
  async readCounters(): Promise<Counters> {
    return decodeCounters(await this.readSection('counters'))
  }

  sectionBytes(section: Section): number {
    return this.trailer.sections[section].storedBytes
  }

  sectionOffset(section: Section): number {
    return sectionOffset(this.trailer, section)
  }

  async #readDirectory(): Promise<void> {
    // Before anything can make the catalog forget them.
    const streams = this.#listStreams()
    const from = this.sectionOffset('directory')
    const bytes = await this.read(from, this.sizeBytes - from)
    const trailer = bytes.subarray(Math.max(0, bytes.length - TRAILER_BYTES))
    if (!trailer.equals(encodeTrailer(this.trailer))) {
      throw new FormatError('the file does not end as it did when it was written')
    }
    const info = this.trailer.sections.directory
    const part = unpackPart(bytes.subarray(0, info.storedBytes), info)
    this.#keep(new Directory(ownBytes(part, bytes), this.trailer.blocks), streams)
  }

  #keep(directory: Directory, streams: readonly Stream[]): void {
    this.#loaded = { directory, streams, firstBlock: firstBlocks(directory, streams.length) }
  }

  #listStreams(): Stream[] {
    return Array.from(this.streamIds, (id) => this.#catalog.byId(id))
  }

  #mustBeLoaded(): Loaded {
    invariant(this.#loaded !== undefined, 'a segment is loaded before its rows are asked for')
    return this.#loaded
  }
}

/** What is as it was stored would keep all that was read in memory. */
function ownBytes(part: Uint8Array, read: Uint8Array): Uint8Array {
  return part.buffer === read.buffer ? new Uint8Array(part) : part
}

interface Footer {
  readonly trailer: Trailer
  readonly properties: SegmentProperties
  readonly streams: readonly Stream[]
  readonly directory: Directory
}

/** Holds streams, directory, properties and trailer of small segments. */
const TAIL_BYTES = 32 * 1024

async function readFooter(handle: StoreFile, sizeBytes: number, catalog: Catalog): Promise<Footer> {
  let from = Math.max(0, sizeBytes - TAIL_BYTES)
  let bytes = await readFully(handle, sizeBytes - from, from)
  const trailer = decodeTrailer(bytes.subarray(Math.max(0, bytes.length - TRAILER_BYTES)))
  const neededFrom = sectionOffset(trailer, 'streams')
  if (neededFrom < from) {
    from = neededFrom
    bytes = await readFully(handle, sizeBytes - from, from)
  }
  const section = (name: Section): Uint8Array => {
    const info = trailer.sections[name]
    const offset = sectionOffset(trailer, name) - from
    return unpackPart(bytes.subarray(offset, offset + info.storedBytes), info)
  }
  const properties = decodeProperties(section('properties'))
  const entries = section('directory')
  const directory = new Directory(ownBytes(entries, bytes), trailer.blocks)
  const list = section('streams')
  const offsets = streamOffsets(list)
  for (let block = 0; block < directory.length; block++) {
    if (directory.stream(block) + 1 >= offsets.length)
      throw new FormatError('a block names an unknown stream')
  }
  const streams = catalog.listed(properties.tenant, list, offsets)
  noteNewest(streams, directory)
  return { trailer, properties, streams, directory }
}

/** The out-of-order window goes on where it was before a restart. */
function noteNewest(streams: readonly Stream[], directory: Directory): void {
  for (let block = 0; block < directory.length; block++) {
    const stream = streams[directory.stream(block)]
    if (directory.maxMs(block) < stream.newestMs) continue
    const { maxMs, maxNs } = directory.entry(block)
    if (maxMs === stream.newestMs && maxNs <= stream.newestNs) continue
    stream.newestMs = maxMs
    stream.newestNs = maxNs
    stream.settledMs = maxMs
    stream.settledNs = maxNs
  }
}

function firstBlocks(directory: Directory, streams: number): Uint32Array {
  const first = new Uint32Array(streams + 1)
  for (let block = 0; block < directory.length; block++) first[directory.stream(block) + 1]++
  for (let number = 0; number < streams; number++) first[number + 1] += first[number]
  return first
}
