import { errorMessage } from '#base/errors.ts'
import { parseTimestamp, type Timestamp } from '#base/timestamp.ts'
import { PushError } from '../push/push-error.ts'
import { type AnyValue, type Attribute, MAX_DEPTH } from './any-value.ts'
import type { LogData, LogRecord, ResourceLogs, ScopeLogs } from './log-data.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Decodes OTLP/JSON: ids in hex, 64-bit integers as texts or numbers, names in either case.
 * @throws PushError 400 for anything that is not such a document
 */
export function decodeOtlpJson(bytes: Buffer): LogData {
  const document = parseDocument(bytes)
  return objects(document, 'resourceLogs').map(readResourceLogs)
}

function parseDocument(bytes: Buffer): Json {
  const text = bytes.toString()
  try {
    // Times written as numbers have more digits than a double: their own text is kept.
    const exact = /UnixNano"\s*:\s*\d/.test(text)
    return asObject(exact ? JSON.parse(text, keepLongNumbers) : JSON.parse(text), 'the body')
  } catch (error) {
    if (error instanceof PushError) throw error
    throw new PushError(400, errorMessage(error))
  }
}

function keepLongNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? context?.source
    : value
}

function asObject(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new PushError(400, `${what} is not an object`)
}

/** A member by its lower camel case name, or the same with underscores. */
function member(object: Json, name: string): unknown {
  return object[name] ?? object[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]
}

function objects(object: Json, name: string): Json[] {
  const list = member(object, name)
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) throw new PushError(400, `${name} is not an array`)
  return list.map((item: unknown) => asObject(item, `an item of ${name}`))
}

function optional(object: Json, name: string): Json {
  const value = member(object, name)
  return value === undefined || value === null ? {} : asObject(value, name)
}

function textOf(object: Json, name: string): string {
  const value = member(object, name)
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new PushError(400, `${name} is not a string`)
  return value
}

function numberOf(object: Json, name: string): number {
  const value = Number(member(object, name) ?? 0)
  if (!Number.isInteger(value)) throw new PushError(400, `${name} is not an integer`)
  return value
}

function readResourceLogs(object: Json): ResourceLogs {
  const attributes = readAttributes(optional(object, 'resource'), 0)
  return { attributes, scopes: objects(object, 'scopeLogs').map(readScopeLogs) }
}

function readScopeLogs(object: Json): ScopeLogs {
  const scope = optional(object, 'scope')
  return {
    name: textOf(scope, 'name'),
    version: textOf(scope, 'version'),
    droppedAttributes: numberOf(scope, 'droppedAttributesCount'),
    attributes: readAttributes(scope, 0),
    records: objects(object, 'logRecords').map(readRecord),
  }
}

function readRecord(object: Json): LogRecord {
  return {
    time: readTime(object, 'timeUnixNano'),
    observed: readTime(object, 'observedTimeUnixNano'),
    severityNumber: readSeverity(object),
    severityText: textOf(object, 'severityText'),
    body: readAnyValue(member(object, 'body'), 0),
    attributes: readAttributes(object, 0),
    droppedAttributes: numberOf(object, 'droppedAttributesCount'),
    flags: numberOf(object, 'flags'),
    traceId: readId(object, 'traceId'),
    spanId: readId(object, 'spanId'),
    eventName: textOf(object, 'eventName'),
  }
}

function readTime(object: Json, name: string): Timestamp | undefined {
  const text = String(member(object, name) ?? '0')
  const time = parseTimestamp(text)
  if (time === undefined) throw new PushError(400, `${name} is not an integer: ${text.slice(0, 64)}`)
  return time.ms === 0 && time.ns === 0 ? undefined : time
}

function readId(object: Json, name: string): string {
  const id = textOf(object, name)
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(id)) throw new PushError(400, `${name} is not hexadecimal`)
  return id.toLowerCase()
}

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']

/** A number, or the name of the enum: `SEVERITY_NUMBER_INFO2` is 10. */
function readSeverity(object: Json): number {
  const value = member(object, 'severityNumber')
  const named = /^SEVERITY_NUMBER_([A-Z]+)([234]?)$/.exec(typeof value === 'string' ? value : '')
  if (named === null) return numberOf(object, 'severityNumber')
  const group = SEVERITIES.indexOf(named[1])
  return group < 0 ? 0 : group * 4 + Number(named[2] || 1)
}

function readAttributes(object: Json, depth: number): Attribute[] {
  return objects(object, 'attributes').map((item) => readAttribute(item, depth))
}

function readAttribute(item: Json, depth: number): Attribute {
  return [textOf(item, 'key'), readAnyValue(member(item, 'value'), depth)]
}

function readAnyValue(json: unknown, depth: number): AnyValue {
  if (json === undefined || json === null) return undefined
  if (depth > MAX_DEPTH) throw new PushError(400, `values are nested deeper than ${MAX_DEPTH}`)
  const object = asObject(json, 'a value')
  const [bool, int, double] = ['boolValue', 'intValue', 'doubleValue'].map((name) => member(object, name))
  if (typeof bool === 'boolean') return bool
  if (int !== undefined) return readInt(int)
  if (double !== undefined) return Number(double)
  const bytes = member(object, 'bytesValue')
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64')
  if (member(object, 'arrayValue') !== undefined) {
    const { values = [] } = optional(object, 'arrayValue')
    if (!Array.isArray(values)) throw new PushError(400, 'values is not an array')
    return values.map((value: unknown) => readAnyValue(value, depth + 1))
  }
  if (member(object, 'kvlistValue') !== undefined) {
    const fields = objects(optional(object, 'kvlistValue'), 'values')
    return { fields: fields.map((item) => readAttribute(item, depth + 1)) }
  }
  return member(object, 'stringValue') === undefined ? undefined : textOf(object, 'stringValue')
}

function readInt(value: unknown): bigint {
  const text = String(value)
  if (!/^-?\d{1,20}$/.test(text)) throw new PushError(400, `intValue is not an integer: ${text.slice(0, 64)}`)
  return BigInt.asIntN(64, BigInt(text))
}
