import fc from 'fast-check'
import { compressSync, uncompressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { snappyEncode, snappyMaxBytes } from './snappy-encoder.ts'

function encode(source: Uint8Array): Buffer {
  const out = Buffer.alloc(snappyMaxBytes(source.length))
  return out.subarray(0, snappyEncode(source, out))
}

const decode = (bytes: Buffer): Buffer => uncompressSync(bytes, { asBuffer: true }) as Buffer
const noise = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 0xff))
const lines = (count: number): Buffer =>
  Buffer.from(
    Array.from({ length: count }, (_, i) => `{"level":"info","id":${i},"path":"/orders/${i % 97}"}\n`).join(
      '',
    ),
  )

describe('snappyEncode', () => {
  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['less than a block looks at', Buffer.from('abcabcabcabcabc')],
    ['a run', Buffer.alloc(1000, 'x')],
    ...[64, 65, 66, 67, 68, 69, 128, 129].map((n): [string, Buffer] => [
      `a run of ${n} between others`,
      Buffer.concat([noise(40), Buffer.alloc(n + 1, 'y'), noise(40)]),
    ]),
    ['what cannot be compressed', noise(200_000)],
    ['literals of 60, 61, 256 and 257 bytes', Buffer.concat([60, 61, 256, 257].map(noise))],
    ['exactly one block', Buffer.alloc(65_536, 'ab')],
    ['one byte more than a block', Buffer.alloc(65_537, 'abc')],
    ['log lines over several blocks', lines(5000)],
  ])('%s', (_, source) => {
    const encoded = encode(source)
    expect(decode(encoded).equals(source)).toBe(true)
  })

  test('is as small as the native package, within a tenth', () => {
    const source = lines(20_000)
    expect(encode(source).length).toBeLessThan(compressSync(source).length * 1.1)
  })

  test('any bytes come back, wherever they lie in their memory', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc
        .array(fc.constantFrom('aaaa', 'abcd', 'x', 'level=info ', '\0\0'), { maxLength: 20_000 })
        .map((parts) => Buffer.from(parts.join(''))),
    )
    fc.assert(
      fc.property(bytes, fc.nat(9), (source, shift) => {
        const memory = Buffer.alloc(source.length + shift)
        memory.set(source, shift)
        return decode(encode(memory.subarray(shift))).equals(source)
      }),
      { numRuns: 200 },
    )
  })
})
