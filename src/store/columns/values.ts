import type { Wasm } from '#kernels/wasm.ts'

/** Texts that lie somewhere in `bytes`: the values of a column in the order of their rows. */
export interface Values {
  readonly bytes: Uint8Array
  /** Of the same bytes. */
  readonly view: DataView
  readonly from: Uint32Array
  readonly to: Uint32Array
  /** Row of each value, ascending. */
  readonly row: Uint32Array
  readonly count: number
  /** In whose memory `from` and `to` lie, `bytes` being its input; undefined where they lie elsewhere. */
  readonly wasm: Wasm | undefined
}

/** When the rows of a block were logged: milliseconds since the epoch, and nanoseconds within them. */
export interface RowTimes {
  readonly tsMs: Float64Array
  readonly tsNs: Uint32Array
}
