import { type Loaded, loaded } from './wasm.ts'

/**
 * A push in protobuf, taken apart: rows as columns, their lines one after another. All are views of the
 * kernels' memory, valid until the next call.
 */
export interface PushBody {
  /** Per row: milliseconds since the epoch, and nanoseconds within them. */
  readonly ms: Float64Array
  readonly ns: Uint32Array
  /** Per row: where its line ends in `lines`; it begins where the one before ends. */
  readonly lineTo: Uint32Array
  /** Per row: the span of its `structuredMetadata` fields in `text`; both 0 where it has none. */
  readonly metaFrom: Uint32Array
  readonly metaTo: Uint32Array
  readonly lines: Uint8Array
  /** Per stream four numbers: its first row, one past its last, and the span of its labels in `text`. */
  readonly streams: Uint32Array
  readonly text: Uint8Array
}

/**
 * Takes apart a push of `length` bytes that lies compressed in a snappy block, whose elements begin at `at`.
 * `undefined` for whatever is damaged, large or unusual: the caller then goes the way that knows every case.
 */
export function readPushBody(
  block: Uint8Array,
  at: number,
  length: number,
  kernels: Loaded = loaded,
): PushBody | undefined {
  const { wasm } = kernels
  if (wasm === undefined) return undefined
  const { body, text, streams, rowMs, rowNs, rowLineTo, rowMetaFrom, rowMetaTo } = wasm.push
  if (block.length > wasm.input.length || length > body.length) return undefined
  wasm.holder = undefined
  wasm.bodyHolder = undefined
  wasm.input.set(block)
  if (wasm.uncompress(at, block.length, length) === 0) return undefined
  const streamCount = wasm.readPush(length)
  if (streamCount < 0) return undefined
  const rows = wasm.pushRows()
  return {
    ms: rowMs.subarray(0, rows),
    ns: rowNs.subarray(0, rows),
    lineTo: rowLineTo.subarray(0, rows),
    metaFrom: rowMetaFrom.subarray(0, rows),
    metaTo: rowMetaTo.subarray(0, rows),
    lines: body.subarray(0, rows === 0 ? 0 : rowLineTo[rows - 1]),
    streams: streams.subarray(0, streamCount * 4),
    text: text.subarray(0, wasm.pushTextBytes()),
  }
}
