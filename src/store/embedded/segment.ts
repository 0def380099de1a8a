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
  type Section,
  type SegmentProperties,
  sectionOffset,
  streamOffsets,
  TRAILER_BYTES,
  type Trailer,
} from './segment-format.ts'
import type { Stream } from './stream.ts'

let nextId = 0

/**
 * A segment file that answers: its streams and block directory are in memory, everything else is read when
 * asked for.
 */
export class Segment {
  /** Unique in this process. */
  readonly id = nextId++
  readonly path: string
  readonly sizeBytes: number
  readonly properties: SegmentProperties
  /** Day number, as in `dayOf`. */
  readonly day: number
  /** By number in the segment. */
  readonly streams: readonly Stream[]
  readonly directory: Directory
  /** Blocks that failed their checksum; reported once. */
  readonly corruptBlocks = new Set<number>()
  /** Scans that are using the file. */
  pins = 0
  readonly #trailer: Trailer
  readonly #handles: HandlePool
  /** Per stream of the segment: its first block; one more for the end. */
  readonly #firstBlock: Uint32Array
  /** Store-wide stream ids ascending, and the number in the segment of each. */
  readonly #ids: Float64Array
  readonly #numbers: Uint32Array

  private constructor(path: string, sizeBytes: number, handles: HandlePool, footer: Footer) {
    this.path = path
    this.sizeBytes = sizeBytes
    this.#handles = handles
    this.properties = footer.properties
    this.day = Date.parse(footer.properties.day) / DAY_MS
    this.streams = footer.streams
    this.directory = footer.directory
    this.#trailer = footer.trailer
    this.#firstBlock = firstBlocks(footer.directory, footer.streams.length)
    // Segments have fewer than 2^22 streams, and a process fewer than 2^31: numbers sort faster than pairs
    // do.
    const order = Float64Array.from(footer.streams, ({ id }, number) => id * 2 ** 22 + number).sort()
    this.#ids = order.map((each) => Math.floor(each / 2 ** 22))
    this.#numbers = Uint32Array.from(order, (each) => each % 2 ** 22)
  }

  /**
   * Reads the footer and enters the streams into the catalog.
   * @throws FormatError where the file is not a whole segment
   */
  static async open(path: string, handles: HandlePool, catalog: Catalog): Promise<Segment> {
    const { sizeBytes, footer } = await handles.use(path, async (handle) => {
      const { size } = await handle.stat()
      return { sizeBytes: size, footer: await readFooter(handle, size, catalog) }
    })
    return new Segment(path, sizeBytes, handles, footer)
  }

  /** The blocks of a stream: [from, to) of the directory. */
  blocksOf(stream: Stream): readonly [from: number, to: number] {
    let low = 0
    let high = this.#ids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ids[middle] < stream.id) low = middle + 1
      else high = middle
    }
    if (this.#ids[low] !== stream.id) return [0, 0]
    const number = this.#numbers[low]
    return [this.#firstBlock[number], this.#firstBlock[number + 1]]
  }

  /** Bytes of the file as they are stored. */
  read(offset: number, length: number): Promise<Buffer> {
    return this.#handles.use(this.path, (handle) => readFully(handle, length, offset))
  }

  /** @throws FormatError where the section is damaged */
  async readSection(section: Section): Promise<Uint8Array> {
    const info = this.#trailer.sections[section]
    return unpackPart(await this.read(sectionOffset(this.#trailer, section), info.storedBytes), info)
  }

  /** @throws FormatError where they are damaged */
  async readCounters(): Promise<Counters> {
    return decodeCounters(await this.readSection('counters'))
  }

  sectionBytes(section: Section): number {
    return this.#trailer.sections[section].storedBytes
  }

  sectionOffset(section: Section): number {
    return sectionOffset(this.#trailer, section)
  }
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
  // What is as it was stored would keep all that was read in memory.
  const directory = new Directory(
    entries.buffer === bytes.buffer ? new Uint8Array(entries) : entries,
    trailer.blocks,
  )
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
