/** One line with its time: milliseconds, and nanoseconds within. */
export interface Entry {
  readonly ms: number
  readonly ns: number
  readonly line: string
}

/** `StreamAdapter` of Loki's push.proto: labels = 1, entries = 2 {timestamp = 1, line = 2}. */
export function encodeStream(labels: string, entries: readonly Entry[]): Buffer {
  const encoded = entries.map(({ ms, ns, line }) => {
    const seconds = Math.floor(ms / 1000)
    const nanos = (ms % 1000) * 1e6 + ns
    const time = Buffer.concat([Buffer.of(8), varint(seconds), Buffer.of(16), varint(nanos)])
    return field(2, Buffer.concat([field(1, time), field(2, Buffer.from(line))]))
  })
  return field(1, Buffer.concat([field(1, Buffer.from(labels)), ...encoded]))
}

function field(number: number, body: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  while (value > 127) {
    bytes.push((value & 127) | 128)
    value = Math.floor(value / 128)
  }
  bytes.push(value)
  return Buffer.from(bytes)
}
