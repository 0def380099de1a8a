import { INPUT, INPUT_BYTES } from './memory'

// Lines put together from the steps of their shapes: a constant, then a value. Constants and values lie in the
// input; copies go in steps of 16 bytes, so that up to 15 bytes behind an end are touched.

/** Most rows, steps of all shapes, columns and values of one call, and the most bytes of its lines. */
export const JOIN_ROWS: i32 = 1 << 14
export const JOIN_STEPS: i32 = 1 << 14
export const JOIN_COLUMNS: i32 = 1 << 10
export const JOIN_VALUES: i32 = 1 << 17
export const JOIN_BYTES: i32 = INPUT_BYTES

/** Per row: its shape, then where its line ends. */
export const JOIN_ROW: usize = memory.data((1 << 14) * 4, 16)
/** Per shape: its first step; one more for the end. */
export const JOIN_SHAPES: usize = memory.data(((1 << 14) + 1) * 4, 16)
/** Per step: where its constant begins and ends, and its column or -1. */
export const JOIN_STEP_FROM: usize = memory.data((1 << 14) * 4, 16)
export const JOIN_STEP_TO: usize = memory.data((1 << 14) * 4, 16)
export const JOIN_STEP_COLUMN: usize = memory.data((1 << 14) * 4, 16)
/** Per column: its next value. */
export const JOIN_NEXT: usize = memory.data((1 << 10) * 4, 16)
/** Per value: where it begins and ends. */
export const JOIN_FROM: usize = memory.data((1 << 17) * 4, 16)
export const JOIN_TO: usize = memory.data((1 << 17) * 4, 16)
/** The lines, one after another. */
export const JOIN_LINES: usize = memory.data((1 << 20) + 256, 64)

/** Puts the lines of so many rows together. The host has made sure that everything fits. */
export function joinLines(rows: i32): void {
  let at = JOIN_LINES
  for (let row = JOIN_ROW, end = JOIN_ROW + (<usize>rows << 2); row < end; row += 4) {
    const shape = JOIN_SHAPES + (<usize>load<u32>(row) << 2)
    const stepEnd = <usize>load<u32>(shape, 4) << 2
    for (let step = <usize>load<u32>(shape) << 2; step < stepEnd; step += 4) {
      const from = load<u32>(JOIN_STEP_FROM + step)
      at = copy(at, from, load<u32>(JOIN_STEP_TO + step))
      const column = load<i32>(JOIN_STEP_COLUMN + step)
      if (column < 0) continue
      const next = JOIN_NEXT + (<usize>column << 2)
      const value = <usize>load<u32>(next)
      store<u32>(next, <u32>value + 1)
      at = copy(at, load<u32>(JOIN_FROM + (value << 2)), load<u32>(JOIN_TO + (value << 2)))
    }
    store<u32>(row, <u32>(at - JOIN_LINES))
  }
}

/** Copies a piece of the input; gives where it ends. */
@inline
function copy(to: usize, from: u32, end: u32): usize {
  const source = INPUT + <usize>from
  const length = <usize>(end - from)
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(source + i))
  return to + length
}
