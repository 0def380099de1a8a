import { crc32 } from 'node:zlib'
import type { Labels } from '#base/labels.ts'
import { ByteReader, ByteWriter, FormatError, readPairs, writePairs } from './bytes.ts'
import { type PartInfo, packPart, readPartInfo, unpackPart, writePartInfo } from './parts.ts'
import { decodeProperties, type SegmentProperties, TRAILER_BYTES } from './segment-format.ts'

// What a start needs to know of all segments, in one file. docs/formats/segment-index.md

const MAGIC = 'LBINDEX1'
const HEADER_BYTES = 24

/** A stream with the newest time of its rows in segments. */
export interface IndexedStream {
  readonly labels: Labels
  readonly newestMs: number
  readonly newestNs: number
}

/** A segment as it was when the index was written. */
export interface IndexedSegment {
  /** Name of the file, whose folder follows from tenant and day. */
  readonly name: string
  readonly sizeBytes: number
  readonly mtimeMs: number
  /** The file's last bytes. */
  readonly trailer: Uint8Array
  readonly properties: SegmentProperties
  /** The segment's streams in their order, as runs of places in the list of the tenant: `runsOf`. */
  readonly streamRuns: readonly number[]
}

/** One tenant of the index. */
export interface IndexedTenant {
  readonly tenant: string
  readonly streams: readonly IndexedStream[]
  readonly segments: readonly IndexedSegment[]
}

/** The bytes of the index. */
export async function encodeIndex(tenants: readonly IndexedTenant[]): Promise<Uint8Array> {
  const writer = new ByteWriter(1 << 16)
  writer.varint(tenants.length)
  for (const { tenant, streams, segments } of tenants) {
    writer.text(tenant)
    writer.varint(streams.length)
    for (const { labels, newestMs, newestNs } of streams) {
      writePairs(writer, labels)
      writer.raw(float64(newestMs))
      writer.varint(newestNs)
    }
    writer.varint(segments.length)
    for (const { name, sizeBytes, mtimeMs, trailer, properties, streamRuns } of segments) {
      writer.text(name)
      writer.varint(sizeBytes)
      writer.raw(float64(mtimeMs))
      writer.raw(trailer)
      writer.text(JSON.stringify(properties))
      writer.varint(streamRuns.length / 2)
      for (const each of streamRuns) writer.varint(each)
    }
  }
  const { info, stored } = await packPart(writer.view())
  const bytes = Buffer.alloc(HEADER_BYTES + stored.length)
  bytes.write(MAGIC, 0, 'latin1')
  writePartInfo(new DataView(bytes.buffer, bytes.byteOffset), 8, info)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20)
  bytes.set(stored, HEADER_BYTES)
  return bytes
}

/** Undoes {@link encodeIndex}. @throws FormatError where the bytes are not a whole index */
export function decodeIndex(bytes: Uint8Array): IndexedTenant[] {
  const reader = new ByteReader(unpackPart(bytes.subarray(HEADER_BYTES), indexPart(bytes)))
  const tenants: IndexedTenant[] = []
  for (let left = reader.count(3); left > 0; left--) {
    const tenant = reader.text()
    const streams: IndexedStream[] = []
    for (let of = reader.count(10); of > 0; of--) {
      streams.push({ labels: readPairs(reader), newestMs: readFloat64(reader), newestNs: reader.varint() })
    }
    const segments: IndexedSegment[] = []
    for (let of = reader.count(TRAILER_BYTES); of > 0; of--) {
      segments.push({
        name: reader.text(),
        sizeBytes: reader.varint(),
        mtimeMs: readFloat64(reader),
        trailer: new Uint8Array(reader.raw(TRAILER_BYTES)),
        properties: decodeProperties(reader.raw(reader.varint())),
        streamRuns: readRuns(reader, streams.length),
      })
    }
    tenants.push({ tenant, streams, segments })
  }
  if (reader.offset !== reader.bytes.length) throw new FormatError('the index goes on behind its end')
  return tenants
}

function readRuns(from: ByteReader, streams: number): number[] {
  const runs: number[] = []
  for (let left = from.count(2); left > 0; left--) {
    const first = from.varint()
    const count = from.varint()
    if (first + count > streams) throw new FormatError('a segment lists a stream that is not there')
    runs.push(first, count)
  }
  return runs
}

function indexPart(bytes: Uint8Array): PartInfo {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEADER_BYTES))
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 8) !== MAGIC) {
    throw new FormatError('the file does not begin as an index does')
  }
  if (crc32(header.subarray(0, 20)) !== header.readUInt32LE(20)) {
    throw new FormatError('the header of the index does not fit its checksum')
  }
  return readPartInfo(new DataView(bytes.buffer, bytes.byteOffset), 8)
}

function float64(value: number): Uint8Array {
  return new Uint8Array(new Float64Array([value]).buffer)
}

function readFloat64(from: ByteReader): number {
  const bytes = from.raw(8)
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
}
