import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeBufferPool } from '../buffer-pool.ts'
import { makeLineBlocks } from './line-blocks.ts'
import { type LogSink, makeFrameDecoder } from './log-decoder.ts'
import { makeTtyDecoder, type TtyDecoderOptions } from './tty-decoder.ts'

const STAMP = '2026-01-02T03:04:05.000000006Z'
const STAMP_MS = Date.parse('2026-01-02T03:04:05Z')
const blocks = makeLineBlocks(makeBufferPool(0))
const OPTIONS = { maxLineBytes: 1024 * 1024, joinShortFrames: false, blocks, startedMs: STAMP_MS }

/** A sink that writes down what it is told: `0 <ms>.<ns> text`. */
function recorder(): { sink: LogSink; seen: string[] } {
  const seen: string[] = []
  const sink: LogSink = {
    line: (stream, tsMs, tsNs, bytes) =>
      void seen.push(`${stream} ${tsMs - STAMP_MS}.${tsNs} ${Buffer.from(bytes).toString('latin1')}`),
    tooLong: (stream) => void seen.push(`${stream} too long`),
    unreadable: (stream) => void seen.push(`${stream} unreadable`),
    daemonError: (message) => void seen.push(`error ${message}`),
  }
  return { sink, seen }
}

function frame(stream: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/**
 * The frames that Docker makes of a line: pieces of 16 KiB, each with the stamp, the last with the newline.
 */
function framesOf(stream: number, line: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let at = 0
  while (line.length - at >= 16_384) {
    frames.push(frame(stream, Buffer.concat([Buffer.from(`${STAMP} `), line.subarray(at, at + 16_384)])))
    at += 16_384
  }
  frames.push(frame(stream, Buffer.concat([Buffer.from(`${STAMP} `), line.subarray(at), Buffer.from('\n')])))
  return frames
}

function decode(bytes: Buffer, cuts: readonly number[] = [], options = OPTIONS): string[] {
  const { sink, seen } = recorder()
  const decoder = makeFrameDecoder(sink, options)
  pushInPieces(decoder.push.bind(decoder), bytes, cuts)
  decoder.finish()
  return seen
}

function pushInPieces(push: (bytes: Uint8Array) => void, bytes: Buffer, cuts: readonly number[]): void {
  const sorted = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  // One buffer for all reads, as the socket has: what is kept must have been copied.
  const shared = Buffer.alloc(bytes.length)
  let from = 0
  for (const to of [...sorted, bytes.length]) {
    const length = bytes.copy(shared, 0, from, to)
    push(shared.subarray(0, length))
    shared.fill(0x58)
    from = to
  }
}

describe('multiplexed frames', () => {
  const cases: [name: string, frames: Buffer[], expected: string[]][] = [
    ['both streams', [frame(1, `${STAMP} out\n`), frame(2, `${STAMP} err\n`)], ['0 0.6 out', '1 0.6 err']],
    ['standard input counts as output', [frame(0, `${STAMP} in\n`)], ['0 0.6 in']],
    ['an empty line', [frame(1, `${STAMP} \n`)], ['0 0.6 ']],
    ['a stamp alone', [frame(1, `${STAMP}\n`)], ['0 0.6 ']],
    ['spaces are kept', [frame(1, `${STAMP}   a b \n`)], ['0 0.6   a b ']],
    ['a carriage return', [frame(1, `${STAMP} a\r\n`)], ['0 0.6 a']],
    [
      'the last word of a process has no newline',
      [frame(1, `${STAMP} bye`), frame(1, `${STAMP} hi\n`)],
      ['0 0.6 bye', '0 0.6 hi'],
    ],
    ['Podman: variable decimals and an offset', [frame(1, '2026-01-02T04:04:05.5+01:00 x\n')], ['0 500.0 x']],
    ['whole seconds', [frame(1, '2026-01-02T03:04:05Z x\n')], ['0 0.0 x']],
    ['no stamp', [frame(1, 'hello\n'), frame(1, `${STAMP} x\n`)], ['0 unreadable', '0 0.6 x']],
    ['a day that is none', [frame(1, '2026-13-02T03:04:05Z x\n')], ['0 unreadable']],
    ['an empty frame', [frame(1, ''), frame(1, `${STAMP} x\n`)], ['0 unreadable', '0 0.6 x']],
    [
      'the daemon reports an error',
      [frame(3, 'Error grabbing logs: EOF\n')],
      ['error Error grabbing logs: EOF'],
    ],
  ]
  test.each(cases)('%s', (_, frames, expected) => {
    expect(decode(Buffer.concat(frames))).toEqual(expected)
  })

  test('joins the pieces of a long line, with pieces of the other stream in between', () => {
    const long = Buffer.alloc(40_000, 'a')
    const [first, second, third] = framesOf(1, long)
    const bytes = Buffer.concat([first, frame(2, `${STAMP} err\n`), second, third])
    expect(decode(bytes)).toEqual(['1 0.6 err', `0 0.6 ${long}`])
  })

  test('leaves out the last piece of a long line that the engine sends again after a rotation', () => {
    const pieces = framesOf(1, Buffer.alloc(20_000, 'z'))
    const next = frame(1, '2026-01-02T03:04:06Z next\n')
    const seen = decode(Buffer.concat([...pieces, pieces[1], next]))
    expect(seen).toEqual([`0 0.6 ${'z'.repeat(20_000)}`, '0 1000.0 next'])
  })

  test('ends a long line whose program was killed over it where the next line begins', () => {
    const [killed] = framesOf(1, Buffer.alloc(20_000, 'k'))
    const next = frame(1, '2026-01-02T03:04:06Z next\n')
    expect(decode(Buffer.concat([killed, next]))).toEqual([`0 0.6 ${'k'.repeat(16_384)}`, '0 1000.0 next'])
  })

  test('joins a long line that another engine has gone on with, as the program lives on', () => {
    const [piece] = framesOf(1, Buffer.alloc(20_000, 'k'))
    const rest = frame(1, '2026-01-02T03:04:06Z rest\n')
    const next = frame(1, '2026-01-02T03:04:07Z next\n')
    const bytes = Buffer.concat([piece, rest, next])
    const line = 'k'.repeat(16_384)
    const runs = { ...OPTIONS, startedMs: STAMP_MS - 1 }
    expect(decode(bytes, [], runs)).toEqual([`0 0.6 ${line}rest`, '0 2000.0 next'])
    // What was written after its end is of another life.
    const ended = { ...runs, endedMs: STAMP_MS + 500 }
    expect(decode(bytes, [], ended)).toEqual([`0 0.6 ${line}`, '0 1000.0 rest', '0 2000.0 next'])
  })

  test('ends a long line of an earlier life where the other stream has begun a new one', () => {
    const [killed] = framesOf(1, Buffer.alloc(20_000, 'k'))
    const { sink, seen } = recorder()
    const decoder = makeFrameDecoder(sink, { ...OPTIONS, startedMs: STAMP_MS + 500 })
    decoder.push(Buffer.concat([killed, frame(2, '2026-01-02T03:04:06Z next\n')]))
    expect(seen).toEqual([`0 0.6 ${'k'.repeat(16_384)}`, '1 1000.0 next'])
  })

  test('passes a line of exactly the limit, and skips one more byte and goes on', () => {
    const limit = { ...OPTIONS, maxLineBytes: 50_000 }
    const seen = (length: number): string[] =>
      decode(Buffer.concat([...framesOf(1, Buffer.alloc(length, 'b')), frame(1, `${STAMP} x\n`)]), [], limit)
    expect(seen(50_000)).toEqual([`0 0.6 ${'b'.repeat(50_000)}`, '0 0.6 x'])
    expect(seen(50_001)).toEqual(['0 too long', '0 0.6 x'])
  })

  test('skips a frame of any size without holding it', () => {
    const huge = frame(2, `${STAMP} ${'c'.repeat(300_000)}\n`)
    const limit = { ...OPTIONS, maxLineBytes: 1000 }
    const bytes = Buffer.concat([huge, frame(1, `${STAMP} x\n`)])
    expect(decode(bytes, [5, 50, 100_000, 200_000], limit)).toEqual(['1 too long', '0 0.6 x'])
  })

  test('with joinShortFrames every frame without a newline continues', () => {
    const bytes = Buffer.concat([frame(1, `${STAMP} a`), frame(1, '2026-01-02T03:04:06Z b\n')])
    expect(decode(bytes, [], { ...OPTIONS, joinShortFrames: true })).toEqual(['0 0.6 ab'])
  })

  test('property: whatever the reads cut, every line comes once and whole', () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(60_000).map((length) => new Uint8Array(length).fill(0x61)),
    )
    const lines = fc.array(fc.tuple(fc.constantFrom(1, 2), line), { maxLength: 12 })
    fc.assert(
      fc.property(lines, fc.array(fc.nat(), { maxLength: 30 }), (given, cuts) => {
        const clean = given.map(([stream, bytes], number) => {
          const text = Buffer.from(bytes.map((byte) => (byte === 10 || byte === 13 ? 32 : byte)))
          // The same long piece at the same moment would be one that the engine sends again.
          if (text.length >= 16_384) text.fill(0x61 + number)
          return [stream, text] as const
        })
        const bytes = Buffer.concat(clean.flatMap(([stream, text]) => framesOf(stream, text)))
        const expected = clean.map(([stream, text]) => `${stream - 1} 0.6 ${text.toString('latin1')}`)
        expect(decode(bytes, cuts)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  test('property: never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat()), (bytes, cuts) => {
        decode(Buffer.from(bytes), cuts, { ...OPTIONS, maxLineBytes: 100 })
      }),
    )
  })
})

describe('terminals', () => {
  const decodeTty = (
    bytes: Buffer,
    cuts: readonly number[] = [],
    options: Partial<TtyDecoderOptions> = {},
  ): string[] => {
    const { sink, seen } = recorder()
    const settings = { maxLineBytes: 1024 * 1024, blocks, startedMs: STAMP_MS, ...options }
    const decoder = makeTtyDecoder(sink, settings)
    pushInPieces(decoder.push.bind(decoder), bytes, cuts)
    decoder.finish()
    return seen
  }

  test('lines end with carriage return and newline, the last may have none', () => {
    const bytes = Buffer.from(`${STAMP} a\r\n${STAMP} \r\nnonsense\r\n${STAMP} b`)
    expect(decodeTty(bytes)).toEqual(['0 0.6 a', '0 0.6 ', '0 unreadable', '0 0.6 b'])
  })

  test('stamps inside of a long line are taken out', () => {
    const long = 'x'.repeat(16_384)
    const bytes = Buffer.from(`${STAMP} ${long}${STAMP} ${long}${STAMP} end\r\n${STAMP} next\r\n`)
    expect(decodeTty(bytes, [20_000])).toEqual([`0 0.6 ${long}${long}end`, '0 0.6 next'])
  })

  test('a line over the limit is skipped, however it arrives', () => {
    const bytes = Buffer.from(`${STAMP} ${'y'.repeat(5000)}\r\n${STAMP} next\r\n`)
    for (const cuts of [[], [100], [3000], [5030]]) {
      expect(decodeTty(bytes, cuts, { maxLineBytes: 1000 })).toEqual(['0 too long', '0 0.6 next'])
    }
  })

  describe('a last word without an end, and what the next life wrote behind it', () => {
    const later = (ms: number): string => STAMP.replace('05.000', `05.${String(ms).padStart(3, '0')}`)
    const long = 'x'.repeat(16_384)
    const startedMs = STAMP_MS + 10
    test.each([
      ['of one life', `${STAMP} $ ${later(20)} hello\r\n`, ['0 0.6 $ ', '0 20.6 hello']],
      ['of three', `${STAMP} $ ${later(5)} $ ${later(20)} a\r\n`, ['0 0.6 $ ', '0 5.6 $ ', '0 20.6 a']],
      ['after a piece', `${STAMP} ${long}${later(20)} a\r\n`, [`0 0.6 ${long}`, '0 20.6 a']],
      ['in a second piece', `${STAMP} ${long}${STAMP} y${later(20)} a\r\n`, [`0 0.6 ${long}y`, '0 20.6 a']],
      ['that is a time', `${STAMP} ${STAMP} a${later(20)} b\r\n`, [`0 0.6 ${STAMP} a`, '0 20.6 b']],
      ['an empty line', `${STAMP} a${later(20)} \r\n`, ['0 0.6 a', '0 20.6 ']],
      // A time of another form, and one in a line of this life, are what the program says.
      ['other form', `${STAMP} at 2027-01-02T03:04:05Z a\r\n`, ['0 0.6 at 2027-01-02T03:04:05Z a']],
      ['this life', `${later(11)} at ${later(30)} a\r\n`, [`0 11.6 at ${later(30)} a`]],
    ])('%s', (_, text, expected) => {
      for (const cuts of [[], [20], [60], [16_420]]) {
        expect(decodeTty(Buffer.from(text), cuts, { startedMs })).toEqual(expected)
      }
    })

    test('that begins while the log of a stopped container is opened', () => {
      const text = `${later(11)} at ${later(15)} a\r\n${later(12)} $ ${later(30)} a\r\n`
      const expected = [`0 11.6 at ${later(15)} a`, '0 12.6 $ ', '0 30.6 a']
      expect(decodeTty(Buffer.from(text), [], { startedMs, endedMs: STAMP_MS + 20 })).toEqual(expected)
    })
  })

  test('property: never throws on arbitrary bytes, and cuts change nothing', () => {
    const next = STAMP.replace('05', '06')
    const word = fc.constantFrom(`${STAMP} `, `${next} `, 'a', 'T', '\n', '\r', ' ', 'é')
    const startedMs = fc.constantFrom(STAMP_MS, STAMP_MS + 1)
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.array(fc.nat()), startedMs, (parts, cuts, ms) => {
        const bytes = Buffer.from(parts.join(''))
        expect(decodeTty(bytes, cuts, { startedMs: ms })).toEqual(decodeTty(bytes, [], { startedMs: ms }))
      }),
    )
  })
})
