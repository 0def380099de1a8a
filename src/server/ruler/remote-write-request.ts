import type { Labels } from '#base/labels.ts'

/** One sample for a Prometheus. */
export interface WriteSample {
  /** With `__name__`. */
  readonly labels: Labels
  readonly value: number
  readonly timeMs: number
  /** Says that the series has ended, whatever the value. */
  readonly stale?: true
}

/** Prometheus' staleness marker: a NaN that no arithmetic gives. */
const STALE_NAN = 0x7ff0_0000_0000_0002n

/**
 * The protobuf of a remote-write request, version 1, uncompressed:
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export function encodeWriteRequest(samples: readonly WriteSample[]): Buffer {
  return Buffer.concat(samples.map((sample) => field(1, timeSeries(sample))))
}

function timeSeries(sample: WriteSample): Buffer {
  const labels = sample.labels.map(([name, value]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
  )
  return Buffer.concat([...labels, field(2, encodeSample(sample))])
}

function encodeSample({ value, timeMs, stale }: WriteSample): Buffer {
  const head = Buffer.alloc(9)
  head[0] = (1 << 3) | 1
  if (stale === true) head.writeBigUInt64LE(STALE_NAN, 1)
  else head.writeDoubleLE(value, 1)
  return Buffer.concat([head, Buffer.from([2 << 3]), varint(Math.trunc(timeMs))])
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content])
}

function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
