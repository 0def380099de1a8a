import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeBatch, type PlainRow } from '../testing.ts'
import {
  decodeLengths,
  decodeMetadata,
  decodeTimes,
  encodeLengths,
  encodeMetadata,
  encodeTimes,
} from './block-codec.ts'
import { FormatError } from './bytes.ts'
import { packPart, packPartSync, unpackPart } from './parts.ts'
import {
  decodeCounters,
  decodeProperties,
  decodeStreams,
  decodeTrailer,
  encodeCounters,
  encodeStreams,
  encodeTrailer,
} from './segment-format.ts'
import { readWalFile, walHeader } from './wal-file.ts'
import { decodeRecord, RecordBuffer } from './wal-record.ts'

const text = fc.string({ unit: 'binary', maxLength: 12 })
const pairs = fc.array(fc.tuple(text, text), { maxLength: 4 })

/** Bytes of nobody: each decoder gives something or a FormatError. */
function throwsOnlyFormatErrors(decode: (bytes: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(new Uint8Array(bytes))
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(FormatError)
      }
    }),
  )
}

describe('parts of a block', () => {
  const times = fc
    .array(fc.tuple(fc.integer({ min: -9e12, max: 9e12 }), fc.integer({ min: 0, max: 999_999 })), {
      minLength: 1,
    })
    .map((all) => all.sort((a, b) => a[0] - b[0] || a[1] - b[1]))

  test.each([
    ['one row', [[5, 1]], 11],
    [
      'a burst in one millisecond',
      [
        [5, 1],
        [5, 1],
        [5, 2],
      ],
      17,
    ],
    [
      'whole milliseconds',
      [
        [5, 0],
        [255, 0],
      ],
      10,
    ],
    [
      'microseconds',
      [
        [5, 1000],
        [6, 999_000],
      ],
      14,
    ],
    [
      'steps of two bytes',
      [
        [5, 0],
        [300, 0],
      ],
      12,
    ],
    [
      'steps of four bytes',
      [
        [5, 0],
        [100_000, 0],
      ],
      16,
    ],
    [
      'steps of months',
      [
        [5, 0],
        [6_000_000_000, 0],
      ],
      24,
    ],
  ])('times: %s', (_, rows, bytes) => {
    const columns = {
      tsMs: Float64Array.from(rows, ([ms]) => ms),
      tsNs: Uint32Array.from(rows, ([, ns]) => ns),
    }
    const part = encodeTimes(columns)
    expect(decodeTimes(part, rows.length, rows[0][0])).toEqual(columns)
    expect(part.length).toBe(rows.length === 1 ? 8 + 3 : bytes)
  })

  test('any times that ascend come back', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(1, 1000, 1_000_000), (rows, unit) => {
        const columns = {
          tsMs: Float64Array.from(rows, ([ms]) => ms),
          tsNs: Uint32Array.from(rows, ([, ns]) => Math.floor(ns / unit) * unit),
        }
        expect(decodeTimes(encodeTimes(columns), rows.length, rows[0][0])).toEqual(columns)
      }),
    )
    throwsOnlyFormatErrors((bytes) => decodeTimes(bytes, 7, 0))
  })

  test('any lengths come back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff_ffff })), (lengths) => {
        const column = Uint32Array.from(lengths)
        expect(decodeLengths(encodeLengths(column), lengths.length)).toEqual(column)
      }),
    )
    throwsOnlyFormatErrors((bytes) => decodeLengths(bytes, 7))
  })

  test('any metadata comes back, and none takes no room', () => {
    fc.assert(
      fc.property(fc.array(pairs, { maxLength: 300 }), fc.infiniteStream(fc.nat()), (others, random) => {
        const sets = [[], ...others]
        const ids = Uint32Array.from({ length: 50 }, () => (random.next().value ?? 0) % sets.length)
        const part = encodeMetadata(ids, sets)
        const decoded = decodeMetadata(part, ids.length)
        expect(Array.from(decoded.ids, (id) => decoded.sets[id])).toEqual(Array.from(ids, (id) => sets[id]))
        if (ids.every((id) => id === 0)) expect(part.length).toBe(0)
      }),
    )
    throwsOnlyFormatErrors((bytes) => decodeMetadata(bytes, 7))
  })
})

describe('a stored part', () => {
  test('comes back, and any changed byte is noticed', async () => {
    const raw = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat({ max: 200_000 }).map((size) => new Uint8Array(size).fill(7)),
    )
    await fc.assert(
      fc.asyncProperty(raw, fc.nat(), fc.integer({ min: 1, max: 255 }), async (bytes, where, change) => {
        const { info, stored } = await packPart(bytes)
        expect(Buffer.compare(unpackPart(stored, info), bytes)).toBe(0)
        const small = packPartSync(bytes)
        expect(Buffer.compare(unpackPart(small.stored, small.info), bytes)).toBe(0)
        if (stored.length === 0) return
        const damaged = new Uint8Array(stored)
        damaged[where % damaged.length] ^= change
        expect(() => unpackPart(damaged, info)).toThrow(FormatError)
      }),
      { numRuns: 50 },
    )
  })
})

describe('sections of a segment', () => {
  test('streams come back', () => {
    fc.assert(
      fc.property(fc.array(pairs), (streams) => {
        expect(decodeStreams(encodeStreams(streams))).toEqual(streams)
      }),
    )
    throwsOnlyFormatErrors(decodeStreams)
  })

  test('counters come back, from any place in memory', () => {
    const counters = {
      levels: [
        { level: '', metadata: 'level' as const },
        { level: 'info', metadata: 'reserved' as const },
      ],
      minute: Float64Array.of(-5, 28_000_000),
      bytes: Float64Array.of(1, 2 ** 40),
      metadataBytes: Float64Array.of(0, 2 ** 33),
      lines: Uint32Array.of(1, 4_000_000_000),
      stream: Uint32Array.of(0, 70_000),
      level: Uint32Array.of(1, 0),
    }
    const part = encodeCounters(counters)
    for (let shift = 0; shift < 8; shift++) {
      const elsewhere = Buffer.alloc(part.length + 8).subarray(shift, shift + part.length)
      elsewhere.set(part)
      expect(decodeCounters(elsewhere)).toEqual(counters)
    }
    throwsOnlyFormatErrors(decodeCounters)
  })

  test('a trailer comes back, and a changed one is refused', () => {
    const info = (n: number) => ({ storedBytes: n, rawBytes: n * 2, crc: n * 3 })
    const trailer = {
      sectionsAt: 2 ** 41,
      sections: {
        streams: info(1),
        counters: info(2),
        filters: info(3),
        directory: info(4),
        properties: info(5),
      },
      blocks: 77,
    }
    const bytes = Buffer.from(encodeTrailer(trailer))
    expect(decodeTrailer(bytes)).toEqual(trailer)
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Buffer.from(bytes)
      damaged[i] ^= 0x10
      expect(() => decodeTrailer(damaged)).toThrow(FormatError)
    }
    throwsOnlyFormatErrors((random) => decodeTrailer(Buffer.from(random)))
    throwsOnlyFormatErrors(decodeProperties)
  })
})

describe('a log record', () => {
  const rows: fc.Arbitrary<PlainRow[]> = fc.array(
    fc.record({
      labels: fc.constantFrom<Record<string, string>>({ app: 'a' }, { app: '😀', ä: '"' }),
      ms: fc.integer({ min: -9e12, max: 9e12 }),
      ns: fc.nat({ max: 999_999 }),
      line: fc.uint8Array({ maxLength: 80 }),
      metadata: fc.constantFrom<Record<string, string>>({}, { a: 'b' }, { a: 'c', '': '\0' }),
    }),
    { minLength: 1, maxLength: 30 },
  )

  test('gives back tenant, streams, times, lines and metadata, without the rows left out', () => {
    const buffer = new RecordBuffer()
    fc.assert(
      fc.property(rows, text, fc.infiniteStream(fc.boolean()), (plain, tenant, coin) => {
        const batch = makeBatch(plain)
        const keep = Uint8Array.from({ length: batch.rows }, () => (coin.next().value ? 1 : 0))
        const kept = keep.reduce((sum, bit) => sum + bit, 0)
        buffer.reset()
        const written = buffer.entriesAt(buffer.add(tenant, batch, kept, keep))
        const decoded = decodeRecord(new Uint8Array(buffer.view().subarray(8)))
        expect(decoded).toEqual({ ...written, sets: decoded.sets })
        expect(decoded.sets).toEqual(batch.metadata)
        let end = 0
        let i = 0
        for (let row = 0; row < batch.rows; row++) {
          if (keep[row] === 0) continue
          const line = decoded.lines.subarray(end, (end += decoded.lineBytes[i]))
          expect(Buffer.compare(line, batch.bytes.subarray(batch.lineFrom[row], batch.lineTo[row]))).toBe(0)
          expect([decoded.tsMs[i], decoded.tsNs[i]]).toEqual([batch.tsMs[row], batch.tsNs[row]])
          expect(decoded.metadata[i++]).toBe(batch.rowMetadata[row])
        }
        expect(i).toBe(decoded.rows)
      }),
    )
  })

  test('of arbitrary bytes is refused', () => {
    throwsOnlyFormatErrors(decodeRecord)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 8, maxLength: 60 }), (words) => {
        const bytes = new Uint8Array(Uint32Array.from([1, ...words]).buffer)
        try {
          decodeRecord(bytes)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(FormatError)
        }
      }),
    )
  })

  test('in a file of arbitrary bytes ends the file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (tail) => {
        const file = new Uint8Array(Buffer.concat([walHeader(3), tail]))
        const { goodBytes, damage } = readWalFile(file, 3, () => undefined)
        expect([goodBytes, damage === undefined]).toEqual([16, tail.length === 0])
        expect(readWalFile(file, 4, () => undefined)).toMatchObject({ goodBytes: 0 })
      }),
    )
  })
})
