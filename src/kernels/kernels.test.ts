import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGramFilter } from './gram-filter.ts'
import { Haystack } from './haystack.ts'
import { makeNeedle } from './needle.ts'
import { findNewlines } from './newlines.ts'
import { type Loaded, loadKernels } from './wasm.ts'

// Kernels and twins side by side: each property here is what both must do. The kernels are compiled from the
// sources as they are now.

const twins: Loaded = { wasm: undefined, reason: 'the twins are wanted' }
let dir: string
let kernels: Loaded

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-kernels-'))
  execFileSync(process.execPath, [join(import.meta.dirname, '../../build/kernels.ts'), dir])
  kernels = loadKernels('on', [dir])
})
afterAll(() => rmSync(dir, { recursive: true }))

/**
 * Few different bytes make many near misses; upper and lower case, and both neighbours of a letter's case
 * pair.
 */
const nearBytes = (maxLength: number) =>
  fc
    .array(fc.constantFrom(...Buffer.from('aAbBkK@`{[\n\0\x80\xe1\xc1', 'latin1')), { maxLength })
    .map((bytes) => Uint8Array.from(bytes))
const anyBytes = (maxLength: number) => fc.oneof(nearBytes(maxLength), fc.uint8Array({ maxLength }))

/** A haystack with a needle that is often in it. */
const searches = fc
  .record({
    hay: anyBytes(400),
    own: fc.uint8Array({ minLength: 1, maxLength: 3 }),
    at: fc.nat(400),
    length: fc.integer({ min: 1, max: 60 }),
    takeOwn: fc.boolean(),
    ignoreCase: fc.boolean(),
    from: fc.nat(400),
    to: fc.nat(400),
  })
  .map(({ hay, own, at, length, takeOwn, ignoreCase, from, to }) => {
    const start = at % (hay.length + 1)
    const part = hay.subarray(start, start + length)
    const needle = makeNeedle(takeOwn || part.length === 0 ? own : part, ignoreCase)
    const bounds = [from % (hay.length + 1), to % (hay.length + 1)].sort((a, b) => a - b)
    return { hay, needle, from: bounds[0], to: bounds[1] }
  })

/** What searching means, on text. */
function offsetsIn(
  hay: Uint8Array,
  wanted: Uint8Array,
  ignoreCase: boolean,
  from: number,
  to: number,
): number[] {
  const lower = (bytes: Uint8Array): string =>
    Buffer.from(bytes)
      .toString('latin1')
      .replace(/[A-Z]/g, (letter) => (ignoreCase ? letter.toLowerCase() : letter))
  const text = lower(hay.subarray(0, to))
  const offsets: number[] = []
  const needle = lower(wanted)
  for (let at = text.indexOf(needle, from); at >= 0; at = text.indexOf(needle, at + 1)) offsets.push(at)
  return from <= to - wanted.length ? offsets : []
}

describe('a haystack', () => {
  test.each(['kernels', 'twins'])('%s find what is there, all of it and nothing else', (which) => {
    fc.assert(
      fc.property(searches, ({ hay, needle, from, to }) => {
        const haystack = new Haystack(hay, which === 'kernels' ? kernels : twins)
        const expected = offsetsIn(hay, needle.bytes, needle.ignoreCase, from, to)
        expect(haystack.find(needle, from, to)).toBe(expected[0] ?? -1)
        const offsets = new Uint32Array(500)
        const count = haystack.findAll(needle, offsets, from, to)
        expect([...offsets.subarray(0, count)]).toEqual(expected)
        const few = new Uint32Array(3)
        expect(haystack.findAll(needle, few, from, to)).toBe(Math.min(3, expected.length))
        expect([...few]).toEqual([...expected, 0, 0, 0].slice(0, 3))
      }),
      { numRuns: 2000 },
    )
  })

  test('is found again after others were searched, and needles may take turns', () => {
    const first = new Haystack(Buffer.from('one two three'), kernels)
    const second = new Haystack(Buffer.from('three two one'), kernels)
    const [one, two] = ['one', 'two'].map((text) => makeNeedle(Buffer.from(text)))
    for (let i = 0; i < 3; i++) {
      expect([first.find(one), first.find(two), second.find(one), second.find(two)]).toEqual([0, 4, 10, 6])
      buildGramFilter(Buffer.from('one one one'), kernels)
      findNewlines(Buffer.from('\n\n'), kernels)
    }
  })

  test('is searched in parts before as a whole, and after others were', () => {
    const line = 'a line of some length, and a number: '
    const text = Array.from({ length: 3000 }, (_, i) => `${line}${i}\n`).join('')
    const haystack = new Haystack(Buffer.from(text), kernels)
    const other = new Haystack(Buffer.from(text.toUpperCase()), kernels)
    for (let i = 0; i < 3000; i += 7) {
      const needle = makeNeedle(Buffer.from(`: ${i}\n`))
      const at = text.indexOf(`: ${i}\n`)
      expect(haystack.find(needle, at - 20, at + 20)).toBe(at)
      expect(haystack.find(needle, at - 20, at + 3)).toBe(-1)
      if (i % 49 === 0) expect(other.find(needle)).toBe(at)
    }
    expect(haystack.find(makeNeedle(Buffer.from('2999')))).toBe(text.indexOf('2999'))
  })

  test('sees nothing of what a longer one left behind', () => {
    const needle = makeNeedle(Buffer.from('needle'))
    expect(new Haystack(Buffer.from('hay, then a needle'), kernels).find(needle)).toBe(12)
    expect(new Haystack(Buffer.from('hay, then a nee'), kernels).find(needle)).toBe(-1)
  })

  test.each([[1 << 20], [(1 << 20) + 1], [3 << 20]])('of %d bytes has its last byte searched', (length) => {
    const hay = new Uint8Array(length)
    hay.set(Buffer.from('needle'), length - 6)
    for (const each of [kernels, twins]) {
      expect(new Haystack(hay, each).find(makeNeedle(Buffer.from('needle')))).toBe(length - 6)
      expect(new Haystack(hay, each).find(makeNeedle(Buffer.from('needles')))).toBe(-1)
    }
  })

  test('takes needles of any length', () => {
    const hay = Uint8Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)
    for (const length of [1, 2, 15, 16, 17, 4095, 4096, 4097, 20_000]) {
      for (const each of [kernels, twins]) {
        const needle = makeNeedle(hay.subarray(hay.length - length))
        expect(hay.subarray(new Haystack(hay, each).find(needle)).subarray(0, length)).toEqual(needle.bytes)
      }
    }
  })

  test('gives more offsets than the kernels can at once', () => {
    const needle = makeNeedle(Buffer.from('aa'))
    const offsets = new Uint32Array(100_000)
    const haystack = new Haystack(new Uint8Array(50_000).fill(97), kernels)
    expect(haystack.findAll(needle, offsets)).toBe(49_999)
    expect(offsets.subarray(0, 49_999).every((offset, i) => offset === i)).toBe(true)
  })
})

describe('an index of newlines', () => {
  test('is the same by kernels and twins', () => {
    fc.assert(
      fc.property(anyBytes(600), (bytes) => {
        const offsets = findNewlines(bytes, kernels)
        expect(offsets).toEqual(findNewlines(bytes, twins))
        expect([...offsets]).toEqual([...bytes.keys()].filter((i) => bytes[i] === 10))
      }),
    )
  })

  test.each([[0xa], [0x20]])('covers large inputs full of %d', (byte) => {
    const bytes = new Uint8Array((2 << 20) + 77).fill(byte)
    for (const at of [0, 63, 64, (1 << 20) - 1, 1 << 20, bytes.length - 1]) bytes[at] = 10
    const [offsets, expected] = [kernels, twins].map((each) => Buffer.from(findNewlines(bytes, each).buffer))
    expect(offsets.compare(expected)).toBe(0)
  })
})

describe('a gram filter', () => {
  const same = (bytes: Uint8Array): void => {
    expect(Buffer.compare(buildGramFilter(bytes, kernels), buildGramFilter(bytes, twins))).toBe(0)
  }

  test('is the same by kernels and twins', () => {
    fc.assert(fc.property(fc.oneof(anyBytes(40), anyBytes(5000)), same), { numRuns: 500 })
  })

  test.each([2047, 2048, 2053, 2054, 100_000, 1 << 20, (1 << 20) + 1, (1 << 20) + 5, 3_000_000])(
    'is the same for %d bytes',
    (length) => {
      let state = length
      same(Uint8Array.from({ length }, () => (state = Math.imul(state, 1664525) + 1013904223) >>> 24))
      same(Buffer.from('{"level":"info","msg":"a line like many others"}\n'.repeat(length / 49)))
    },
  )
})

describe('kernels', () => {
  test('are used where they were built, unless switched off', () => {
    expect(kernels.wasm).toBeDefined()
    expect(loadKernels('off', [dir])).toEqual({ wasm: undefined, reason: 'LOGBOOM_KERNELS is off' })
  })

  test('are done without where they are missing, broken or of another version', () => {
    expect(loadKernels(undefined, [join(dir, 'nowhere')])).toMatchObject({ reason: /build:kernels/ })
    writeFileSync(join(dir, 'kernels.wasm'), 'not a module')
    expect(loadKernels(undefined, [dir]).wasm).toBeUndefined()
    // An empty module, as the standard has it.
    writeFileSync(join(dir, 'kernels.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    expect(loadKernels(undefined, [dir]).wasm).toBeUndefined()
  })
})
