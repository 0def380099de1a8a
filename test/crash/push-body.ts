import { compressSync } from 'snappy'

/** A line to push. */
export interface PushLine {
  readonly tsNs: bigint
  readonly line: string
}

/** Lines of one stream. */
export interface PushStream {
  readonly labels: Readonly<Record<string, string>>
  readonly lines: readonly PushLine[]
}

/** The body of a push in Loki's JSON form. */
export function jsonBody(streams: readonly PushStream[]): string {
  return JSON.stringify({
    streams: streams.map(({ labels, lines }) => ({
      stream: labels,
      values: lines.map(({ tsNs, line }) => [String(tsNs), line]),
    })),
  })
}

/** The body of a push as Alloy sends it: `logproto.PushRequest` in one snappy block. */
export function protobufBody(streams: readonly PushStream[]): Buffer {
  const encoded = streams.map(({ labels, lines }) => {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    return field(1, [field(1, Buffer.from(`{${pairs.join(', ')}}`)), ...lines.map(entry)])
  })
  return compressSync(Buffer.concat(encoded))
}

function entry({ tsNs, line }: PushLine): Buffer {
  const seconds = Buffer.concat([Buffer.from([1 << 3]), varint(tsNs / 1_000_000_000n)])
  const nanos = Buffer.concat([Buffer.from([2 << 3]), varint(tsNs % 1_000_000_000n)])
  return field(2, [field(1, [seconds, nanos]), field(2, Buffer.from(line))])
}

/** A length-delimited field. */
function field(number: number, content: Buffer | readonly Buffer[]): Buffer {
  const body = Buffer.isBuffer(content) ? content : Buffer.concat(content)
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(body.length)), body])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80)
  bytes.push(Number(value))
  return Buffer.from(bytes)
}
