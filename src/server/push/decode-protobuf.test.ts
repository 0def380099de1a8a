import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeProtobufPush } from './decode-protobuf.ts'
import { PushError } from './push-error.ts'

interface Entry {
  readonly seconds: bigint
  readonly nanos: number
  readonly line: Uint8Array
  readonly metadata: readonly (readonly [string, string])[]
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content])
}

function number(fieldNumber: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(fieldNumber * 8)), varint(value)])
}

function encode(streams: readonly { labels: string; entries: readonly Entry[] }[]): Buffer {
  const parts = streams.map(({ labels, entries }) => {
    const encoded = entries.map(({ seconds, nanos, line, metadata }) => {
      const timestamp = Buffer.concat([number(1, seconds), number(2, BigInt(nanos))])
      const pairs = metadata.map(([name, value]) =>
        field(3, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
      )
      return field(2, Buffer.concat([field(1, timestamp), field(2, line), ...pairs]))
    })
    return field(1, Buffer.concat([field(1, Buffer.from(labels)), ...encoded, number(3, 77n)]))
  })
  return Buffer.concat(parts)
}

const entryOf = fc.record({
  seconds: fc.bigInt(-9_000_000_000n, 9_000_000_000n),
  nanos: fc.nat(999_999_999),
  line: fc.uint8Array(),
  metadata: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 }),
})

describe('decodeProtobufPush', () => {
  test('gives back every byte of what was encoded', () => {
    const stream = fc.record({
      labels: fc.constantFrom('{a="b"}', '{}', '{é="x"}'),
      entries: fc.array(entryOf),
    })
    fc.assert(
      fc.property(fc.array(stream), (streams) => {
        const draft = decodeProtobufPush(encode(streams))
        const decoded = draft.streams.map(({ labels, from, to }) => ({
          labels: Buffer.from(labels.key, 'latin1').toString(),
          entries: Array.from({ length: to - from }, (_, i) => {
            const row = from + i
            return {
              ns: BigInt(draft.tsMs[row]) * 1_000_000n + BigInt(draft.tsNs[row]),
              line: Uint8Array.from(draft.bytes.subarray(draft.lineFrom[row], draft.lineTo[row])),
              metadata: draft.readMetadata(draft.bytes, draft.metaFrom[row], draft.metaTo[row]),
            }
          }),
        }))
        const sent = streams.map(({ labels, entries }) => ({
          labels,
          entries: entries.map(({ seconds, nanos, line, metadata }) => ({
            ns: seconds * 1_000_000_000n + BigInt(nanos),
            line,
            metadata,
          })),
        }))
        expect(decoded).toEqual(sent)
      }),
    )
  })

  test('an entry without timestamp is of the year 1', () => {
    const draft = decodeProtobufPush(field(1, field(2, field(2, Buffer.from('x')))))
    expect(new Date(draft.tsMs[0]).toISOString()).toBe('0001-01-01T00:00:00.000Z')
  })

  test.each([
    [Buffer.from([10, 5, 1]), 'unexpected EOF'],
    [Buffer.from([0x80]), 'unexpected EOF'],
    [Buffer.from([7]), 'proto: illegal wireType 7'],
    [Buffer.alloc(12, 0xff), 'proto: integer overflow'],
  ])('%j is refused', (bytes, message) => {
    expect(() => decodeProtobufPush(bytes)).toThrow(message)
  })

  test('throws nothing but its own error, whatever the bytes', () => {
    const valid = encode([
      {
        labels: '{a="b"}',
        entries: [{ seconds: 5n, nanos: 1, line: Buffer.from('x'), metadata: [['a', 'b']] }],
      },
    ])
    const damaged = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(valid)
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((array) => Buffer.from(array)),
          damaged,
        ),
        (bytes) => {
          try {
            const draft = decodeProtobufPush(bytes)
            for (let row = 0; row < draft.rows; row++) {
              expect(draft.lineTo[row]).toBeLessThanOrEqual(bytes.length)
              draft.readMetadata(draft.bytes, draft.metaFrom[row], draft.metaTo[row])
            }
          } catch (error) {
            expect(error).toBeInstanceOf(PushError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
