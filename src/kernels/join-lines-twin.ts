import type { LineParts } from './join-lines.ts'

/** Copies go in steps of four bytes, so that up to three bytes behind an end are touched. */
export const SLACK_BYTES = 4

/** `joinLines` in plain TypeScript. */
export function joinLinesTwin(
  { shapes, rowShapes, rows, nextValue, texts, lineBytes }: LineParts,
  lineFrom: Uint32Array,
  lineTo: Uint32Array,
): Uint8Array {
  const { stepFrom, stepColumn, constantFrom, constantTo } = shapes
  const { arena, valueFrom, valueTo } = texts
  const source = new DataView(arena.buffer, arena.byteOffset, arena.length)
  const buffer = new ArrayBuffer(lineBytes + SLACK_BYTES)
  const target = new DataView(buffer)
  let at = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    lineFrom[row] = at
    const shape = rowShapes[row]
    const stepTo = stepFrom[shape + 1]
    for (let step = stepFrom[shape]; step < stepTo; step++) {
      const from = constantFrom[step]
      const length = constantTo[step] - from
      for (let b = 0; b < length; b += 4) target.setInt32(at + b, source.getInt32(from + b, true), true)
      at += length
      const column = stepColumn[step]
      if (column < 0) continue
      const value = nextValue[column]++
      const valueAt = valueFrom[value]
      const valueBytes = valueTo[value] - valueAt
      for (let b = 0; b < valueBytes; b += 4) {
        target.setInt32(at + b, source.getInt32(valueAt + b, true), true)
      }
      at += valueBytes
    }
    lineTo[row] = at
  }
  return new Uint8Array(buffer, 0, lineBytes)
}
