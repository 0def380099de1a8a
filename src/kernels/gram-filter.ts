import { buildGramFilterTwin } from './gram-filter-twin.ts'
import { GRAM_BYTES } from './gram-hash.ts'
import { type Loaded, loaded } from './wasm.ts'

/**
 * The gram filter of a block's lines (docs/formats/segment.md): 8 bytes to 32 KiB, valid until the next call;
 * empty for lines too short to have grams.
 */
export function buildGramFilter(lines: Uint8Array, kernels: Loaded = loaded): Uint8Array {
  const { wasm } = kernels
  if (wasm === undefined) return buildGramFilterTwin(lines)
  if (lines.length < GRAM_BYTES) return new Uint8Array(0)
  const { input, filter } = wasm
  wasm.holder = undefined
  wasm.beginFilter()
  // Pieces overlap, so that no gram is cut apart.
  const step = input.length - (GRAM_BYTES - 1)
  for (let from = 0; from + GRAM_BYTES <= lines.length; from += step) {
    const piece = lines.subarray(from, from + input.length)
    input.set(piece)
    wasm.addGrams(piece.length)
  }
  // Whoever takes the lines apart next need not copy them again.
  if (lines.length <= input.length) wasm.holder = lines
  return filter.subarray(0, wasm.endFilter())
}
