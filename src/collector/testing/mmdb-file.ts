/** A value of MaxMind's format: whole numbers are unsigned, others are doubles. */
export type MmdbValue = string | number | readonly MmdbValue[] | { readonly [key: string]: MmdbValue }

/** Type numbers of the format. Source: maxmind.github.io/MaxMind-DB. */
const TYPES = { string: 2, double: 3, uint16: 5, uint32: 6, map: 7, array: 11 }

function control(type: number, size: number): Buffer {
  if (size >= 65_821) throw new Error('too large for a test')
  const first = type < 8 ? type << 5 : 0
  const extended = type < 8 ? [] : [type - 7]
  if (size < 29) return Buffer.from([first | size, ...extended])
  if (size < 285) return Buffer.from([first | 29, ...extended, size - 29])
  return Buffer.from([first | 30, ...extended, (size - 285) >> 8, (size - 285) & 0xff])
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([control(TYPES.string, text.length), text])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(Number.isInteger(value) && value >= 0 ? 4 : 8)
    if (bytes.length === 4) bytes.writeUInt32BE(value)
    else bytes.writeDoubleBE(value)
    return Buffer.concat([control(bytes.length === 4 ? TYPES.uint32 : TYPES.double, bytes.length), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(TYPES.array, value.length), ...value.map(encode)])
  const fields = Object.entries(value)
  return Buffer.concat([
    control(TYPES.map, fields.length),
    ...fields.flatMap(([key, item]) => [encode(key), encode(item as MmdbValue)]),
  ])
}

/** A database that knows one IPv4 address, in MaxMind's format with records of 24 bits. */
export function mmdbFile(address: string, record: MmdbValue): Buffer {
  const bits = address
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
  const nodeCount = bits.length
  const tree = Buffer.alloc(nodeCount * 6)
  for (let node = 0; node < nodeCount; node++) {
    const isLast = node === nodeCount - 1
    // Data begins 16 bytes behind the tree; a record's value is offset + node count + 16.
    const next = isLast ? nodeCount + 16 : node + 1
    const [left, right] = bits[node] === '0' ? [next, nodeCount] : [nodeCount, next]
    tree.writeUIntBE(left, node * 6, 3)
    tree.writeUIntBE(right, node * 6 + 3, 3)
  }
  const metadata = encode({
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1_700_000_000 },
    ...{ database_type: 'Test', description: { en: 'test' }, ip_version: 4, languages: ['en'] },
    ...{ node_count: nodeCount, record_size: 24 },
  })
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), encode(record), marker, metadata])
}
