import { type Timestamp, timestampFromNs } from '#base/timestamp.ts'
import { type Cursor, readLength, readVarint, skipField } from '../push/protobuf-reader.ts'
import { PushError } from '../push/push-error.ts'
import { type AnyValue, type Attribute, MAX_DEPTH } from './any-value.ts'
import type { LogData, LogRecord, ResourceLogs, ScopeLogs } from './log-data.ts'

/**
 * Decodes an `ExportLogsServiceRequest`. Field numbers: opentelemetry-proto, `logs/v1/logs.proto`,
 * `common/v1/common.proto`, `resource/v1/resource.proto`.
 * @throws PushError 400 for anything that is not such a message
 */
export function decodeOtlpProtobuf(bytes: Buffer): LogData {
  const cursor: Cursor = { bytes, at: 0 }
  const data: ResourceLogs[] = []
  eachField(cursor, bytes.length, (tag) => {
    if (tag !== 10) return false
    data.push(readResourceLogs(cursor, readLength(cursor, bytes.length)))
    return true
  })
  return data
}

/** Reads fields up to `end`. `read` reads the value of a tag it knows; others are skipped. */
function eachField(cursor: Cursor, end: number, read: (tag: number) => boolean): void {
  while (cursor.at < end) {
    const tag = readVarint(cursor, end)
    if (!read(tag)) skipField(cursor, tag, end)
    if (cursor.at > end) throw new PushError(400, 'unexpected EOF')
  }
}

function readResourceLogs(cursor: Cursor, end: number): ResourceLogs {
  const attributes: Attribute[] = []
  const scopes: ScopeLogs[] = []
  eachField(cursor, end, (tag) => {
    if (tag === 10) readAttributes(cursor, readLength(cursor, end), 10, attributes)
    else if (tag === 18) scopes.push(readScopeLogs(cursor, readLength(cursor, end)))
    else return false
    return true
  })
  return { attributes, scopes }
}

/** A message whose field with `tag` is a list of attributes, and nothing else of interest. */
function readAttributes(cursor: Cursor, end: number, tag: number, into: Attribute[]): void {
  eachField(cursor, end, (found) => {
    if (found !== tag) return false
    into.push(readAttribute(cursor, readLength(cursor, end), 0))
    return true
  })
}

function readScopeLogs(cursor: Cursor, end: number): ScopeLogs {
  const scope = { name: '', version: '', droppedAttributes: 0, attributes: [] as Attribute[] }
  const records: LogRecord[] = []
  eachField(cursor, end, (tag) => {
    if (tag === 10) readScope(cursor, readLength(cursor, end), scope)
    else if (tag === 18) records.push(readRecord(cursor, readLength(cursor, end)))
    else return false
    return true
  })
  return { ...scope, records }
}

interface MutableScope {
  name: string
  version: string
  droppedAttributes: number
  readonly attributes: Attribute[]
}

function readScope(cursor: Cursor, end: number, scope: MutableScope): void {
  eachField(cursor, end, (tag) => {
    if (tag === 10) scope.name = readText(cursor, end)
    else if (tag === 18) scope.version = readText(cursor, end)
    else if (tag === 26) scope.attributes.push(readAttribute(cursor, readLength(cursor, end), 0))
    else if (tag === 32) scope.droppedAttributes = readVarint(cursor, end)
    else return false
    return true
  })
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function readRecord(cursor: Cursor, end: number): LogRecord {
  const attributes: Attribute[] = []
  const record: Mutable<LogRecord> = {
    time: undefined,
    observed: undefined,
    severityNumber: 0,
    severityText: '',
    body: undefined,
    attributes,
    droppedAttributes: 0,
    flags: 0,
    traceId: '',
    spanId: '',
    eventName: '',
  }
  const readKnown = (tag: number): boolean => {
    if (tag === 9) record.time = readTime(cursor, end)
    else if (tag === 16) record.severityNumber = readVarint(cursor, end)
    else if (tag === 26) record.severityText = readText(cursor, end)
    else if (tag === 42) record.body = readAnyValue(cursor, readLength(cursor, end), 0)
    else if (tag === 50) attributes.push(readAttribute(cursor, readLength(cursor, end), 0))
    else if (tag === 56) record.droppedAttributes = readVarint(cursor, end)
    else if (tag === 69) record.flags = readFixed(cursor, end, 4).readUInt32LE()
    else if (tag === 74) record.traceId = readBytes(cursor, end).toString('hex')
    else if (tag === 82) record.spanId = readBytes(cursor, end).toString('hex')
    else if (tag === 89) record.observed = readTime(cursor, end)
    else if (tag === 98) record.eventName = readText(cursor, end)
    else return false
    return true
  }
  eachField(cursor, end, readKnown)
  return record
}

function readFixed(cursor: Cursor, end: number, size: number): Buffer {
  if (cursor.at + size > end) throw new PushError(400, 'unexpected EOF')
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + size)
  cursor.at += size
  return bytes
}

/** Nanoseconds in 64 bits; 0 is not set. */
function readTime(cursor: Cursor, end: number): Timestamp | undefined {
  const ns = readFixed(cursor, end, 8).readBigUInt64LE()
  return ns === 0n ? undefined : timestampFromNs(BigInt.asIntN(64, ns))
}

function readBytes(cursor: Cursor, end: number): Buffer {
  const to = readLength(cursor, end)
  const bytes = cursor.bytes.subarray(cursor.at, to)
  cursor.at = to
  return bytes
}

function readText(cursor: Cursor, end: number): string {
  return readBytes(cursor, end).toString()
}

function readAttribute(cursor: Cursor, end: number, depth: number): Attribute {
  let name = ''
  let value: AnyValue
  eachField(cursor, end, (tag) => {
    if (tag === 10) name = readText(cursor, end)
    else if (tag === 18) value = readAnyValue(cursor, readLength(cursor, end), depth + 1)
    else return false
    return true
  })
  return [name, value]
}

function readAnyValue(cursor: Cursor, end: number, depth: number): AnyValue {
  if (depth > MAX_DEPTH) throw new PushError(400, `values are nested deeper than ${MAX_DEPTH}`)
  let value: AnyValue
  eachField(cursor, end, (tag) => {
    if (tag === 10) value = readText(cursor, end)
    else if (tag === 16) value = readVarint(cursor, end) !== 0
    else if (tag === 24) value = readInt64(cursor, end)
    else if (tag === 33) value = readFixed(cursor, end, 8).readDoubleLE()
    else if (tag === 42) value = readArray(cursor, readLength(cursor, end), depth)
    else if (tag === 50) value = readMap(cursor, readLength(cursor, end), depth)
    else if (tag === 58) value = Uint8Array.from(readBytes(cursor, end))
    else return false
    return true
  })
  return value
}

function readArray(cursor: Cursor, end: number, depth: number): readonly AnyValue[] {
  const values: AnyValue[] = []
  eachField(cursor, end, (tag) => {
    if (tag !== 10) return false
    values.push(readAnyValue(cursor, readLength(cursor, end), depth + 1))
    return true
  })
  return values
}

function readMap(cursor: Cursor, end: number, depth: number): AnyValue {
  const fields: Attribute[] = []
  eachField(cursor, end, (tag) => {
    if (tag !== 10) return false
    fields.push(readAttribute(cursor, readLength(cursor, end), depth + 1))
    return true
  })
  return { fields }
}

function readInt64(cursor: Cursor, end: number): bigint {
  const from = cursor.at
  readVarint(cursor, end)
  let value = 0n
  for (let at = from; at < cursor.at; at++) {
    value |= BigInt(cursor.bytes[at] & 0x7f) << BigInt(7 * (at - from))
  }
  return BigInt.asIntN(64, value)
}
