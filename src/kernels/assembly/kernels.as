// What the module offers; ../wasm.ts is the other side of it.
export { INPUT, INPUT_BYTES, OFFSETS, OFFSETS_CAPACITY } from './memory'
export { NEEDLE, NEEDLE_CAPACITY, NEEDLE_FOLDS, find, findAll, setNeedle } from './search'
export { findNewlines } from './newlines'
export { FILTER, addGrams, beginFilter, endFilter } from './gram-filter'
