import { findNewlinesTwin } from './newlines-twin.ts'
import { type Loaded, loaded } from './wasm.ts'

/** A guess that fits most logs; the index grows where lines are shorter. */
const USUAL_LINE_BYTES = 64

/** The offsets of all newline bytes, ascending. */
export function findNewlines(bytes: Uint8Array, kernels: Loaded = loaded): Uint32Array {
  const { wasm } = kernels
  if (wasm === undefined) return findNewlinesTwin(bytes)
  const { input, offsets } = wasm
  wasm.holder = undefined
  let found = new Uint32Array(16 + Math.ceil(bytes.length / USUAL_LINE_BYTES))
  let count = 0
  for (let base = 0; base < bytes.length; base += input.length) {
    const piece = bytes.subarray(base, base + input.length)
    input.set(piece)
    for (let from = 0; from < piece.length; ) {
      const added = wasm.findNewlines(from, piece.length, base, offsets.length)
      found = withRoom(found, count, added)
      found.set(offsets.subarray(0, added), count)
      count += added
      if (added < offsets.length) break
      from = offsets[added - 1] - base + 1
    }
  }
  return found.slice(0, count)
}

/** `found`, or a longer copy of it with room for `added` more after the first `count`. */
function withRoom(found: Uint32Array<ArrayBuffer>, count: number, added: number): Uint32Array<ArrayBuffer> {
  if (count + added <= found.length) return found
  const longer = new Uint32Array(Math.max(count + added, found.length * 2))
  longer.set(found)
  return longer
}
