import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../embedded/bytes.ts'
import {
  type IntsInfo,
  readIndices,
  readIndicesAt,
  readInts,
  readIntsAt,
  readIntsInfo,
  readMarks,
  writeInts,
} from './ints.ts'
import { ownMemory } from './memory.ts'
import { StreamReader, StreamWriter } from './streams.ts'

/** What was written of these integers, to be read again. */
function written(values: readonly number[]): { info: IntsInfo; streams: StreamReader } {
  const to = new ByteWriter()
  const streams = new StreamWriter(ownMemory, undefined)
  writeInts(to, streams, Float64Array.from(values), values.length)
  const parts = streams.finish()
  const stored = new Uint8Array(Buffer.concat(parts.map((part) => part.stored)))
  const infos = parts.map((part) => part.info)
  return { info: readIntsInfo(new ByteReader(to.view().slice())), streams: new StreamReader(stored, infos) }
}

/** Integers of every width, in order or not, with one of them or many. */
const integers = fc.nat({ max: 50 }).chain((bits) =>
  fc.array(
    fc.maxSafeNat().map((value) => value % 2 ** bits),
    { minLength: 1, maxLength: 300 },
  ),
)

test('integers come back, all of them and any of them', () => {
  fc.assert(
    fc.property(integers, fc.boolean(), fc.array(fc.nat()), (values, isSorted, wanted) => {
      const ints = isSorted ? values.toSorted((a, b) => a - b) : values
      const { info, streams } = written(ints)
      const picked = Uint32Array.from(new Set(wanted.map((at) => at % ints.length))).sort()
      const some = Array.from(picked, (at) => ints[at])
      expect([...readInts(info, streams, ints.length)]).toEqual(ints)
      expect([...readIntsAt(info, streams, ints.length, picked)]).toEqual(some)
      const limit = Math.max(...ints) + 1
      if (limit > 2 ** 32) return
      expect([...readIndices(info, streams, ints.length, limit)]).toEqual(ints)
      expect([...readIndicesAt(info, streams, ints.length, limit, picked)]).toEqual(some)
      if (limit < 5_000) {
        const marks = Uint8Array.from({ length: limit }, (_, i) => (i * 7) % 3)
        const ofAll = ints.map((value) => marks[value])
        expect([...readMarks(info, streams, ints.length, marks)]).toEqual(ofAll)
        const tooFew = marks.subarray(0, limit - 1)
        expect(() => readMarks(info, streams, ints.length, tooFew)).toThrow('names nothing')
      }
      const largest = Uint32Array.of(ints.indexOf(limit - 1))
      if (limit === 1) return
      expect(() => readIndices(info, streams, ints.length, limit - 1)).toThrow('names nothing')
      expect(() => readIndicesAt(info, streams, ints.length, limit - 1, largest)).toThrow('names nothing')
    }),
    { numRuns: 500 },
  )
})
