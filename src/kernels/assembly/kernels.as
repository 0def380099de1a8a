// What the module offers; ../wasm.ts is the other side of it.

/**
 * Raised with every change of what kernels take or give, so that a module built before it is not used after
 * it.
 */
export const VERSION: i32 = 7
export { INPUT, INPUT_BYTES, OFFSETS, OFFSETS_CAPACITY } from './memory'
export { NEEDLE, NEEDLE_CAPACITY, NEEDLE_FOLDS, find, findAll, setNeedle } from './search'
export { findNewlines } from './newlines'
export { FILTER, addGrams, beginFilter, endFilter } from './gram-filter'
export { BODY, BODY_BYTES, uncompress } from './snappy'
export {
  ROW_LINE_TO,
  ROW_META_FROM,
  ROW_META_TO,
  ROW_MS,
  ROW_NS,
  ROWS_CAPACITY,
  STREAMS,
  STREAMS_CAPACITY,
  TEXT,
  TEXT_BYTES,
  pushRows,
  pushTextBytes,
  readPush,
} from './push-body'
export {
  FIELD_CAPACITY,
  FIELD_LENGTHS,
  FIELD_LOWERS,
  FIELD_NAMES,
  FIELD_NAME_BYTES,
  LEVEL_CODES,
  LEVEL_LINES_CAPACITY,
  LEVEL_SETS,
  LEVEL_SIDES,
  LEVEL_SPANS,
  findLevels,
  setLevelFields,
} from './levels'
export {
  BYTE_CLASSES,
  COLUMN_COUNTS,
  CONSTANTS,
  NODE_CHILD,
  NODE_COLUMN,
  NODE_CONSTANT,
  NODE_CONSTANT_BYTES,
  NODE_KIND,
  NODE_SIBLING,
  ROW_FROM,
  ROW_LEAF,
  ROW_TO,
  SHAPE_COLUMNS,
  SHAPE_NODES,
  SHAPE_ROWS,
  SHAPE_VALUES,
  VALUE_FROM,
  VALUE_ROW,
  VALUE_TO,
  gatherColumns,
  walkAt,
  walkDepth,
  walkNode,
  walkShapes,
} from './shapes'
export {
  JOIN_BYTES,
  JOIN_COLUMNS,
  JOIN_FROM,
  JOIN_LINES,
  JOIN_NEXT,
  JOIN_ROW,
  JOIN_ROWS,
  JOIN_SHAPES,
  JOIN_STEPS,
  JOIN_STEP_COLUMN,
  JOIN_STEP_FROM,
  JOIN_STEP_TO,
  JOIN_TO,
  JOIN_VALUES,
  joinLines,
} from './join-lines'
export {
  COLUMN_BYTES,
  DISTINCT_FIRST,
  DISTINCT_FROM,
  DISTINCT_TO,
  NUMBERS,
  allSame,
  findDistinct,
  gatherText,
  textFlags,
} from './columns'
export { parseNumbers } from './column-numbers'
export { parseTimes } from './column-times'
export { HEX_POSITIONS, hexIsUpper, packHex } from './column-hex'
export {
  BYTE_COUNTS,
  INT_RANGE,
  countBytes,
  findIntRange,
  gatherPlane,
  packPlane,
  takeOffsets,
} from './column-ints'
