// What the module offers; ../wasm.ts is the other side of it.

/**
 * Raised with every change of what kernels take or give, so that a module built before it is not used after
 * it.
 */
export const VERSION: i32 = 1
export { INPUT, INPUT_BYTES, OFFSETS, OFFSETS_CAPACITY } from './memory'
export { NEEDLE, NEEDLE_CAPACITY, NEEDLE_FOLDS, find, findAll, setNeedle } from './search'
export { findNewlines } from './newlines'
export { FILTER, addGrams, beginFilter, endFilter } from './gram-filter'
