/** A sample of a remote-write request. */
export interface ReadSample {
  labels: Record<string, string>
  value: number
  timeMs: number
}

/** Reads the samples of a remote-write request, uncompressed, by the definition of its protobuf. */
export function readWriteRequest(bytes: Buffer): ReadSample[] {
  return fields(bytes).map(([, body]) => {
    const parts = fields(body as Buffer)
    const labels = parts.filter(([number]) => number === 1).map(([, label]) => fields(label as Buffer))
    const sample = fields(parts.find(([number]) => number === 2)?.[1] as Buffer)
    return {
      labels: Object.fromEntries(labels.map(([name, value]) => [String(name[1]), String(value[1])])),
      value: (sample[0][1] as Buffer).readDoubleLE(),
      timeMs: Number(BigInt.asIntN(64, sample[1][1] as bigint)),
    }
  })
}

function fields(bytes: Buffer): [number: number, value: Buffer | bigint][] {
  const out: [number, Buffer | bigint][] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const length = (tag & 7) === 2 ? Number(varint()) : (tag & 7) === 1 ? 8 : -1
    if (length < 0) out.push([tag >> 3, varint()])
    else {
      out.push([tag >> 3, bytes.subarray(at, at + length)])
      at += length
    }
  }
  return out
}
