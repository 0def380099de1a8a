import { joinLinesTwin, SLACK_BYTES } from './join-lines-twin.ts'
import { type Loaded, loaded } from './wasm.ts'

/** Shapes as lists of steps: a constant, then a value of a column. */
export interface LineShapes {
  readonly count: number
  /** Per shape: its first step; one more for the end. */
  readonly stepFrom: Uint32Array
  /** Per step: where its constant lies in the arena, and its column or −1. */
  readonly constantFrom: Uint32Array
  readonly constantTo: Uint32Array
  readonly stepColumn: Int32Array
}

/** What lines are made of. */
export interface LineTexts {
  /** The constants of the shapes and the values, with a few bytes more behind them. */
  readonly arena: Uint8Array
  /** Where each value lies in the arena, those of a column one after another in the order of the rows. */
  readonly valueFrom: Uint32Array
  readonly valueTo: Uint32Array
}

/** Everything that lines are put together from. */
export interface LineParts {
  readonly shapes: LineShapes
  /** Shape of each row. */
  readonly rowShapes: Uint32Array
  /** The rows whose lines are wanted. */
  readonly rows: Uint32Array
  /** Per column: its first value. It moves on. */
  readonly nextValue: Uint32Array
  readonly texts: LineTexts
  /** The length of all wanted lines together. */
  readonly lineBytes: number
}

/**
 * Where to lay out texts of so many bytes and values, to be used up by {@link joinLines} before anything else
 * uses the kernels. What was there before is still in it.
 */
export function takeLineTexts(textBytes: number, values: number, kernels: Loaded = loaded): LineTexts {
  const arenaBytes = textBytes + SLACK_BYTES
  const { wasm } = kernels
  if (wasm === undefined || arenaBytes > wasm.input.length || values > wasm.join.from.length) {
    return {
      arena: new Uint8Array(arenaBytes),
      valueFrom: new Uint32Array(values),
      valueTo: new Uint32Array(values),
    }
  }
  wasm.holder = undefined
  return {
    arena: wasm.input.subarray(0, arenaBytes),
    valueFrom: wasm.join.from.subarray(0, values),
    valueTo: wasm.join.to.subarray(0, values),
  }
}

/**
 * Puts lines together, one after another, and says where those of the rows begin and end. Texts must lie
 * within the arena and the lines must be as long as said: nothing is checked.
 */
export function joinLines(
  parts: LineParts,
  lineFrom: Uint32Array,
  lineTo: Uint32Array,
  kernels: Loaded = loaded,
): Uint8Array {
  const { shapes, rowShapes, rows, nextValue, texts, lineBytes } = parts
  const { wasm } = kernels
  if (wasm === undefined || texts.arena.buffer !== wasm.input.buffer || !fitsIn(parts, wasm.join)) {
    return joinLinesTwin(parts, lineFrom, lineTo)
  }
  const { join } = wasm
  join.shapes.set(shapes.stepFrom)
  join.stepFrom.set(shapes.constantFrom)
  join.stepTo.set(shapes.constantTo)
  join.stepColumn.set(shapes.stepColumn)
  join.next.set(nextValue)
  const bytes = new Uint8Array(lineBytes)
  let done = 0
  for (let first = 0; first < rows.length; ) {
    const count = Math.min(join.rows.length, rows.length - first)
    for (let i = 0; i < count; i++) join.rows[i] = rowShapes[rows[first + i]]
    wasm.joinLines(count)
    let end = 0
    for (let i = 0; i < count; i++) {
      lineFrom[rows[first + i]] = done + end
      end = join.rows[i]
      lineTo[rows[first + i]] = done + end
    }
    bytes.set(join.lines.subarray(0, end), done)
    done += end
    first += count
  }
  return bytes
}

function fitsIn(
  { shapes, nextValue, lineBytes }: LineParts,
  join: {
    readonly shapes: Uint32Array
    readonly stepFrom: Uint32Array
    readonly next: Uint32Array
    readonly lines: Uint8Array
  },
): boolean {
  return (
    lineBytes <= join.lines.length &&
    shapes.count < join.shapes.length &&
    shapes.constantFrom.length <= join.stepFrom.length &&
    nextValue.length <= join.next.length
  )
}
