import { type Labels, makeLabels } from '#base/labels.ts'
import { parseTimestamp } from '#base/timestamp.ts'
import { parseLabelsText } from '../docker/labels-text.ts'
import type { LogEntry } from '../pipeline.ts'

/** The entries of one stream of a push request. */
export interface PushedStream {
  /** `undefined` when the labels could not be read. */
  readonly labels: Labels | undefined
  /** The labels as they came, for messages. */
  readonly labelsText: string
  readonly entries: LogEntry[]
}

const NO_METADATA: Labels = []

/**
 * Reads the JSON form of Loki's push request.
 * @throws Error when it is not of that form.
 */
export function parseJsonPush(text: string): PushedStream[] {
  const body: unknown = JSON.parse(text)
  if (!isRecord(body) || !Array.isArray(body.streams)) throw new Error('streams is not an array')
  return body.streams.map((stream: unknown) => {
    if (!isRecord(stream) || !isRecord(stream.stream)) throw new Error('a stream has no object "stream"')
    if (!Array.isArray(stream.values)) throw new Error('a stream has no array "values"')
    const labels = makeLabels(textRecord(stream.stream))
    return { labels, labelsText: JSON.stringify(stream.stream), entries: stream.values.map(parseJsonEntry) }
  })
}

function parseJsonEntry(value: unknown): LogEntry {
  const [stamp, line, metadata] = Array.isArray(value) ? value : []
  const time = typeof stamp === 'string' ? parseTimestamp(stamp) : undefined
  if (time === undefined) throw new Error('the time of an entry is not a text of decimal nanoseconds')
  if (typeof line !== 'string') throw new Error('the line of an entry is not a text')
  const pairs = isRecord(metadata) ? makeLabels(textRecord(metadata)) : NO_METADATA
  return { tsMs: time.ms, tsNs: time.ns, line, metadata: pairs }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textRecord(record: Record<string, unknown>): Record<string, string> {
  for (const [name, value] of Object.entries(record)) {
    if (typeof value !== 'string') throw new Error(`the value of ${JSON.stringify(name)} is not a text`)
  }
  return record as Record<string, string>
}

/**
 * Reads the protobuf form, `logproto.PushRequest`, already decompressed. Lines are views of `bytes`.
 * @throws Error when the bytes are none.
 */
export function parseProtobufPush(bytes: Uint8Array): PushedStream[] {
  const streams: PushedStream[] = []
  for (const [field, stream] of messageFields(bytes)) if (field === 1) streams.push(readStream(stream))
  return streams
}

function readStream(bytes: Uint8Array): PushedStream {
  let labelsText = ''
  const entries: LogEntry[] = []
  for (const [field, value] of messageFields(bytes)) {
    if (field === 1) labelsText = textOf(value)
    else if (field === 2) entries.push(readEntry(value))
  }
  return { labels: parseLabelsText(labelsText), labelsText, entries }
}

function readEntry(bytes: Uint8Array): LogEntry {
  let line = new Uint8Array(0)
  let tsMs = 0
  let tsNs = 0
  const pairs: [string, string][] = []
  for (const [field, value] of messageFields(bytes)) {
    if (field === 2) line = value as Uint8Array<ArrayBuffer>
    else if (field === 3) pairs.push(readPair(value))
    else if (field === 1) {
      const { seconds, nanoseconds } = readTime(value)
      tsMs = seconds * 1000 + Math.floor(nanoseconds / 1_000_000)
      tsNs = nanoseconds % 1_000_000
    }
  }
  return { tsMs, tsNs, line, metadata: pairs.length === 0 ? NO_METADATA : makeLabels(pairs) }
}

function readPair(bytes: Uint8Array): [string, string] {
  let name = ''
  let value = ''
  for (const [field, text] of messageFields(bytes)) {
    if (field === 1) name = textOf(text)
    else if (field === 2) value = textOf(text)
  }
  return [name, value]
}

/** `google.protobuf.Timestamp { seconds = 1, nanos = 2 }`. */
function readTime(bytes: Uint8Array): { seconds: number; nanoseconds: number } {
  const reader = { bytes, at: 0 }
  let seconds = 0
  let nanoseconds = 0
  while (reader.at < bytes.length) {
    const tag = readVarint(reader)
    const value = readVarint(reader)
    if (tag === 8n) seconds = Number(BigInt.asIntN(64, value))
    else if (tag === 16n) nanoseconds = Number(value)
  }
  return { seconds, nanoseconds }
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

/** The length-delimited fields of a message; varints are passed over. */
function* messageFields(bytes: Uint8Array): Generator<readonly [field: number, value: Uint8Array]> {
  const reader: Reader = { bytes, at: 0 }
  while (reader.at < bytes.length) {
    const tag = Number(readVarint(reader))
    if ((tag & 7) === 0) readVarint(reader)
    else if ((tag & 7) === 2) {
      const length = Number(readVarint(reader))
      if (reader.at + length > bytes.length) throw new Error('the protobuf message ends within a field')
      yield [tag >>> 3, bytes.subarray(reader.at, reader.at + length)]
      reader.at += length
    } else throw new Error(`the protobuf message has a field of wire type ${tag & 7}`)
  }
}

function readVarint(reader: Reader): bigint {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) throw new Error('the protobuf message ends within a number')
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new Error('the protobuf message holds a number of more than ten bytes')
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
