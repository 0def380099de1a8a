import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { compressSync } from 'snappy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lokiDefaults } from '#config/load.ts'
import { type Loaded, loadKernels } from '#kernels/wasm.ts'
import { type BodyLimits, uncompressSnappy } from './body.ts'
import { draftByKernel } from './decode-by-kernel.ts'
import { decodeProtobufPush } from './decode-protobuf.ts'
import type { DraftBatch } from './draft-batch.ts'
import { compileLineLevel, compileLineLevels } from './level-line.ts'
import { PushError } from './push-error.ts'
import { makeScratch } from './scratch.ts'

// Kernels and their twins side by side, the kernels compiled from the sources as they are now.

let dir: string
let kernels: Loaded

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-kernels-'))
  execFileSync(process.execPath, [join(import.meta.dirname, '../../../build/kernels.ts'), dir])
  kernels = loadKernels('on', [dir])
})
afterAll(() => rmSync(dir, { recursive: true }))

const LIMITS: BodyLimits = { receivedBytes: 1 << 24, decompressedBytes: 1 << 24 }
const scratch = makeScratch(2 ** 30)

function byKernel(block: Buffer): DraftBatch | undefined {
  return draftByKernel(block, LIMITS, scratch, [], kernels)
}

function byTwin(block: Buffer): DraftBatch {
  return decodeProtobufPush(uncompressSnappy(block, LIMITS, scratch).body)
}

/** Metadata is read late, and refused then where it is damaged. */
function orRefusal<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(PushError)
    return String(error)
  }
}

/** A draft as plain values, whatever its bytes' layout. */
function plain({ bytes, streams, readMetadata, ...draft }: DraftBatch) {
  return streams.map(({ labels, from, to }) => ({
    key: labels.key,
    rows: Array.from({ length: to - from }, (_, i) => {
      const row = from + i
      return {
        ms: draft.tsMs[row],
        ns: draft.tsNs[row],
        line: bytes.toString('latin1', draft.lineFrom[row], draft.lineTo[row]),
        metadata: orRefusal(() => readMetadata(bytes, draft.metaFrom[row], draft.metaTo[row])),
      }
    }),
  }))
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

const field = (number: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content])
const integer = (number: number, value: bigint): Buffer =>
  Buffer.concat([varint(BigInt(number * 8)), varint(value)])

const messages = (fields: fc.Arbitrary<Buffer>, maxLength: number): fc.Arbitrary<Buffer> =>
  fc.array(fields, { maxLength }).map((parts) => Buffer.concat(parts))

const unknown = fc.oneof(
  fc
    .tuple(fc.integer({ min: 4, max: 900 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([n, v]) => integer(n, v)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => field(7, bytes)),
  fc.constantFrom(
    Buffer.from([0x25, 1, 2, 3, 4]),
    Buffer.from([0x21, 1, 2, 3, 4, 5, 6, 7, 8]),
    Buffer.from([0x0b]),
    Buffer.from([0x80, 0x80]),
  ),
)
const mostly = (known: fc.Arbitrary<Buffer>) =>
  fc.oneof({ weight: 30, arbitrary: known }, { weight: 1, arbitrary: unknown })
const timestamp = messages(
  mostly(
    fc.oneof(
      fc.bigInt(-9_000_000_000n, 9_000_000_000n).map((value) => integer(1, value)),
      fc.bigInt(-1_000_000_000n, 2_000_000_000n).map((value) => integer(2, value)),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => integer(1, value)),
    ),
  ),
  3,
)
const pair = messages(
  mostly(
    fc.tuple(fc.integer({ min: 1, max: 2 }), fc.string()).map(([n, text]) => field(n, Buffer.from(text))),
  ),
  3,
)
const entry = messages(
  mostly(
    fc.oneof(
      timestamp.map((bytes) => field(1, bytes)),
      fc.uint8Array({ maxLength: 80 }).map((bytes) => field(2, bytes)),
      pair.map((bytes) => field(3, bytes)),
    ),
  ),
  5,
)
const stream = messages(
  mostly(
    fc.oneof(
      { weight: 1, arbitrary: fc.string().map((labels) => field(1, Buffer.from(labels))) },
      { weight: 6, arbitrary: entry.map((bytes) => field(2, bytes)) },
    ),
  ),
  20,
)
const push = messages(mostly(stream.map((bytes) => field(1, bytes))), 4)

describe('a push taken apart by the kernel', () => {
  test('is what the decoder in TypeScript makes of it', () => {
    let taken = 0
    fc.assert(
      fc.property(push, (bytes) => {
        const block = compressSync(bytes)
        const draft = byKernel(block)
        if (draft === undefined) return
        taken++
        expect(plain(draft)).toEqual(plain(byTwin(block)))
      }),
      { numRuns: 3000 },
    )
    expect(taken).toBeGreaterThan(500)
  })

  test('is left to the decoder where it is damaged', () => {
    const good = compressSync(
      field(
        1,
        Buffer.concat([
          field(1, Buffer.from('{a="b"}')),
          field(2, field(2, Buffer.from('a line'.repeat(20)))),
        ]),
      ),
    )
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bad = Buffer.from(good)
        bad[at] = byte
        for (const block of [bad, good.subarray(0, length)]) {
          const draft = byKernel(block)
          if (draft !== undefined) expect(plain(draft)).toEqual(plain(byTwin(block)))
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const draft = byKernel(compressSync(Buffer.from(bytes)))
        if (draft !== undefined) expect(plain(draft)).toEqual(plain(byTwin(compressSync(Buffer.from(bytes)))))
      }),
      { numRuns: 2000 },
    )
  })

  test('may be long, and have lines of every length', () => {
    const lines = Array.from({ length: 3000 }, (_, i) =>
      field(2, Buffer.from(`${i} ${'ab'.repeat((i * 7) % 200)}`)),
    )
    const body = field(
      1,
      Buffer.concat([field(1, Buffer.from('{a="b"}')), ...lines.map((line) => field(2, line))]),
    )
    const draft = byKernel(compressSync(body))
    expect(draft).toBeDefined()
    if (draft !== undefined) expect(plain(draft)).toEqual(plain(byTwin(compressSync(body))))
    const larger = Buffer.concat(Array.from({ length: 6 }, () => body))
    expect(byKernel(compressSync(larger))?.rows ?? 18_000).toBe(18_000)
  })
})

const FIELDS = lokiDefaults().limits_config.log_level_fields
const word = fc.constantFrom(
  ...['info', 'INFO', 'information', 'Warn', 'warning', 'warnin', 'error', 'err', 'erro', 'critical', 'crit'],
  ...['debug', 'dbg', 'trace', 'trc', 'fatal', 'fata', 'level', 'lvl', 'LEVEL', 'severity', 'log.level', 'x'],
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '=',
    ':',
    ',',
    '\\',
    ' ',
    '\t',
    '\n',
    '\r',
    "'",
    '|',
    '!',
    '(',
    ')',
    '.',
    'é',
    '\0',
    '\x11',
    '@',
    'Z',
  ],
  ...[
    '"level":"info"',
    '"level": "x"',
    'level=warn',
    ' level="err" ',
    '{"a":{"level":"fatal"}}',
    '{"a":1,',
    'x'.repeat(40),
  ],
)

describe('the levels of lines by the kernel', () => {
  test('are found where a push was taken apart, too', () => {
    const twin = compileLineLevel(FIELDS, 2)
    const levels = compileLineLevels(FIELDS, 2, kernels)
    const line = fc.array(word, { maxLength: 14 }).map((words) => Buffer.from(words.join('')))
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
        const entries = lines.map((each) => field(2, field(2, each)))
        const draft = byKernel(compressSync(field(1, Buffer.concat(entries))))
        expect(draft).toBeDefined()
        if (draft === undefined) return
        const { bytes, lineFrom, lineTo, rows } = draft
        const codes = new Uint8Array(rows)
        levels(bytes, lineFrom, lineTo, 0, rows, codes)
        expect([...codes]).toEqual(lines.map((each) => twin(each, 0, each.length)))
        // Bytes that lie elsewhere are not mistaken for them.
        const others = Buffer.from('level=error')
        levels(others, Uint32Array.of(0), Uint32Array.of(others.length), 0, 1, codes)
        expect(codes[0]).toBe(twin(others, 0, others.length))
      }),
      { numRuns: 1000 },
    )
  })

  test('are those that the twin finds', () => {
    const line = fc.array(word, { maxLength: 14 }).map((words) => Buffer.from(words.join('')))
    const object = fc.array(word, { maxLength: 14 }).map((words) => Buffer.from(`{${words.join('')}}`))
    for (const [fields, depth] of [
      [FIELDS, 2],
      [FIELDS, 0],
      [['mood', 'level'], 1],
      [['l'], 2],
    ] as const) {
      const twin = compileLineLevel(fields, depth)
      const levels = compileLineLevels(fields, depth, kernels)
      fc.assert(
        fc.property(fc.array(fc.oneof(line, object), { minLength: 1, maxLength: 40 }), (lines) => {
          const bytes = Buffer.concat(lines)
          const lineTo = new Uint32Array(lines.length)
          lines.forEach((each, i) => {
            lineTo[i] = (i === 0 ? 0 : lineTo[i - 1]) + each.length
          })
          const lineFrom = lineTo.map((to, i) => to - lines[i].length)
          const codes = new Uint8Array(lines.length)
          levels(bytes, lineFrom, lineTo, 0, lines.length, codes)
          expect([...codes]).toEqual(lines.map((_, i) => twin(bytes, lineFrom[i], lineTo[i])))
        }),
        { numRuns: 1500 },
      )
    }
  })

  test('lines may be long, out of order and many', () => {
    const bytes = Buffer.from(`${' '.repeat(2 ** 20)} error ${'level=warn '.repeat(3000)}`)
    const count = 9000
    const lineFrom = Uint32Array.from({ length: count }, (_, i) => (i === 5 ? 0 : (i * 7919) % bytes.length))
    const lineTo = lineFrom.map((from, i) =>
      i === 5 ? bytes.length : Math.min(bytes.length, from + (i % 300)),
    )
    const twin = compileLineLevel(FIELDS, 2)
    const codes = new Uint8Array(count)
    compileLineLevels(FIELDS, 2, kernels)(bytes, lineFrom, lineTo, 0, count, codes)
    expect([...codes]).toEqual(Array.from(lineFrom, (from, i) => twin(bytes, from, lineTo[i])))
  })
})
