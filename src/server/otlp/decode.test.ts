import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Timestamp, timestampFromNs, timestampText } from '#base/timestamp.ts'
import { PushError } from '../push/push-error.ts'
import type { AnyValue, Attribute } from './any-value.ts'
import { decodeOtlpJson } from './decode-json.ts'
import { decodeOtlpProtobuf } from './decode-protobuf.ts'
import type { LogData, LogRecord } from './log-data.ts'

const any = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((fields) => ({ fields }) as AnyValue),
  ),
})).value
const attributes = fc.array(fc.tuple(fc.string(), any), { maxLength: 3 }) as fc.Arbitrary<Attribute[]>
const time = fc.option(fc.bigInt(1n, 2n ** 63n - 1n).map(timestampFromNs), { nil: undefined })
const count = fc.nat(2 ** 31)
const id = fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const record: fc.Arbitrary<LogRecord> = fc.record({
  time,
  observed: time,
  severityNumber: fc.nat(24),
  severityText: fc.string(),
  body: any,
  attributes,
  droppedAttributes: count,
  flags: count,
  traceId: id,
  spanId: id,
  eventName: fc.string(),
})
const logData: fc.Arbitrary<LogData> = fc.array(
  fc.record({
    attributes,
    scopes: fc.array(
      fc.record({
        name: fc.string(),
        version: fc.string(),
        droppedAttributes: count,
        attributes,
        records: fc.array(record, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
)

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

const tagged = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint(BigInt(tag)), varint(BigInt(content.length)), content])
const textField = (tag: number, text: string): Buffer => tagged(tag, Buffer.from(text))
const numberField = (tag: number, value: number): Buffer =>
  Buffer.concat([varint(BigInt(tag)), varint(BigInt(value))])

function fixedTime(tag: number, value: Timestamp | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  const bytes = Buffer.alloc(9)
  bytes[0] = tag
  bytes.writeBigUInt64LE(BigInt(timestampText(value.ms, value.ns)), 1)
  return bytes
}

function protoValue(value: AnyValue): Buffer {
  if (typeof value === 'string') return textField(10, value)
  if (typeof value === 'boolean') return numberField(16, value ? 1 : 0)
  if (typeof value === 'bigint') return Buffer.concat([varint(24n), varint(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9)
    bytes[0] = 33
    bytes.writeDoubleLE(value, 1)
    return bytes
  }
  if (value === undefined) return Buffer.alloc(0)
  if (value instanceof Uint8Array) return tagged(58, value)
  if ('fields' in value) return tagged(50, Buffer.concat(value.fields.map((a) => protoAttribute(10, a))))
  return tagged(42, Buffer.concat(value.map((inner) => tagged(10, protoValue(inner)))))
}

const protoAttribute = (tag: number, [name, value]: Attribute): Buffer =>
  tagged(tag, Buffer.concat([textField(10, name), tagged(18, protoValue(value))]))

function protoRecord(one: LogRecord): Buffer {
  const flags = Buffer.alloc(5)
  flags[0] = 69
  flags.writeUInt32LE(one.flags, 1)
  return Buffer.concat([
    fixedTime(9, one.time),
    numberField(16, one.severityNumber),
    textField(26, one.severityText),
    tagged(42, protoValue(one.body)),
    ...one.attributes.map((attribute) => protoAttribute(50, attribute)),
    numberField(56, one.droppedAttributes),
    flags,
    tagged(74, Buffer.from(one.traceId, 'hex')),
    tagged(82, Buffer.from(one.spanId, 'hex')),
    fixedTime(89, one.observed),
    textField(98, one.eventName),
  ])
}

function encodeProtobuf(data: LogData): Buffer {
  const resources = data.map(({ attributes: own, scopes }) => {
    const resource = Buffer.concat(own.map((attribute) => protoAttribute(10, attribute)))
    const parts = scopes.map((scope) => {
      const head = Buffer.concat([
        textField(10, scope.name),
        textField(18, scope.version),
        ...scope.attributes.map((attribute) => protoAttribute(26, attribute)),
        numberField(32, scope.droppedAttributes),
      ])
      const records = scope.records.map((one) => tagged(18, protoRecord(one)))
      return tagged(18, Buffer.concat([tagged(10, head), ...records, textField(26, 'schema')]))
    })
    return tagged(10, Buffer.concat([tagged(10, resource), ...parts]))
  })
  return Buffer.concat(resources)
}

function jsonValue(value: AnyValue): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  if (value === undefined) return {}
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') }
  if ('fields' in value) return { kvlistValue: { values: value.fields.map(jsonAttribute) } }
  return { arrayValue: { values: value.map(jsonValue) } }
}

const jsonAttribute = ([key, value]: Attribute): unknown => ({ key, value: jsonValue(value) })
const jsonTime = (value: Timestamp | undefined): string | undefined =>
  value === undefined ? undefined : timestampText(value.ms, value.ns)

function encodeJson(data: LogData): Buffer {
  const document = {
    resourceLogs: data.map(({ attributes: own, scopes }) => ({
      resource: { attributes: own.map(jsonAttribute) },
      scopeLogs: scopes.map(({ name, version, droppedAttributes, attributes: inScope, records }) => ({
        scope: {
          name,
          version,
          droppedAttributesCount: droppedAttributes,
          attributes: inScope.map(jsonAttribute),
        },
        logRecords: records.map((one) => ({
          ...one,
          timeUnixNano: jsonTime(one.time),
          observedTimeUnixNano: jsonTime(one.observed),
          body: jsonValue(one.body),
          attributes: one.attributes.map(jsonAttribute),
          droppedAttributesCount: one.droppedAttributes,
        })),
      })),
    })),
  }
  return Buffer.from(JSON.stringify(document))
}

/** Bytes compare by their content, whatever array holds them. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plainBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainBytes(inner)]))
}

describe('OTLP', () => {
  test('protobuf gives back what was encoded', () => {
    fc.assert(
      fc.property(logData, (data) => {
        expect(plainBytes(decodeOtlpProtobuf(encodeProtobuf(data)))).toEqual(plainBytes(data))
      }),
      { numRuns: 50 },
    )
  })

  test('JSON gives back what was encoded', () => {
    fc.assert(
      fc.property(logData, (data) => {
        expect(plainBytes(decodeOtlpJson(encodeJson(data)))).toEqual(plainBytes(data))
      }),
      { numRuns: 50 },
    )
  })

  test('anything else is refused, never more', () => {
    const decoders = [decodeOtlpProtobuf, decodeOtlpJson]
    const only = (decode: (bytes: Buffer) => LogData, bytes: Buffer): void => {
      try {
        decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(PushError)
      }
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        for (const decode of decoders) only(decode, Buffer.from(bytes))
      }),
    )
    fc.assert(
      fc.property(logData, fc.nat(), fc.nat(255), (data, place, byte) => {
        for (const [decode, encode] of [
          [decodeOtlpProtobuf, encodeProtobuf],
          [decodeOtlpJson, encodeJson],
        ] as const) {
          const bytes = encode(data)
          if (bytes.length > 0) bytes[place % bytes.length] = byte
          only(decode, bytes)
          only(decode, bytes.subarray(0, place % (bytes.length + 1)))
        }
      }),
      { numRuns: 50 },
    )
    fc.assert(fc.property(fc.json(), (text) => only(decodeOtlpJson, Buffer.from(text))))
  })

  test('JSON takes underscores, numbers for times and names for severities', () => {
    const text = `{"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":1795288010719983617,
      "observedTimeUnixNano":1795288010719983619,
      "severityNumber":"SEVERITY_NUMBER_WARN2","body":{"string_value":"x"}}]}]}]}`
    const [resource] = decodeOtlpJson(Buffer.from(text))
    expect(resource.scopes[0].records[0]).toMatchObject({
      time: { ms: 1_795_288_010_719, ns: 983_617 },
      severityNumber: 14,
      body: 'x',
    })
  })
})
