import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { errorMessage } from '#base/errors.ts'

// Starts the compiled kernels of assembly/kernels.as. They only make things faster: each has a twin in
// TypeScript with the same results, for where they are switched off or were not built.

/** What is needed of the standard's API; TypeScript has its types only together with the browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
  readonly Memory: new () => { readonly buffer: ArrayBuffer }
  readonly Global: new () => { readonly value: number }
}

/**
 * The compiled module, with views of its memory, which never grows. Offsets count from the beginning of
 * `input`.
 */
export interface Wasm {
  /** What the kernels work on; as long as what fits in at once. Whoever writes it sets `holder`. */
  readonly input: Uint8Array
  /** Whose bytes `input` holds, so that they need not be copied again. */
  holder: object | undefined
  /** Where kernels write the offsets they find; as long as how many fit in. */
  readonly offsets: Uint32Array
  /**
   * The needle and, per byte, what to or into the input before comparing. Whoever writes them sets
   * `heldNeedle`.
   */
  readonly needle: Uint8Array
  readonly needleFolds: Uint8Array
  heldNeedle: object | undefined
  /** The gram filter that is being built. */
  readonly filter: Uint8Array
  setNeedle(length: number, rareA: number, rareB: number): void
  /** The first offset of the needle in [from, to), or -1. */
  find(from: number, to: number): number
  /** Writes up to `capacity` offsets of the needle in [from, to) and gives their number. */
  findAll(from: number, to: number, capacity: number): number
  /** Writes up to `capacity` offsets of newlines in [from, to), plus `base`, and gives their number. */
  findNewlines(from: number, to: number, base: number, capacity: number): number
  beginFilter(): void
  /** Adds the grams within the first `length` bytes of the input. */
  addGrams(length: number): void
  /** Folds the filter and gives its size in bytes. */
  endFilter(): number
  /** The bytes that the body of a push begins with, as long as it does, so that they need not be copied. */
  bodyHolder: object | undefined
  /** What push-body.ts works with. */
  readonly push: PushMemory
  /** Uncompresses the snappy elements in [at, end) of the input; 0 where they are not `length` bytes. */
  uncompress(at: number, end: number, length: number): number
  /** Takes the body apart, a push in protobuf; the number of its streams, or -1 for anything unusual. */
  readPush(length: number): number
  pushRows(): number
  pushTextBytes(): number
  /** What line-levels.ts works with. */
  readonly levels: LevelMemory
  setLevelFields(count: number, longest: number, depth: number): void
  /** Finds the levels of so many spans. */
  findLevels(count: number): void
  /** Where lines are taken apart into columns. */
  readonly shapes: ShapeMemory
  /** Walks lines through the tree of shapes; see assembly/shapes.as. */
  walkShapes(rows: number, given: number): number
  walkNode(): number
  walkDepth(): number
  walkAt(): number
  /** Puts the values of so many columns in the order of the columns. */
  gatherColumns(columns: number): void
  /** Where columns are encoded; see assembly/columns.as. `from` and `to` are places in this memory. */
  readonly columns: ColumnMemory
  allSame(from: number, to: number, count: number): number
  findDistinct(
    from: number,
    to: number,
    count: number,
    limit: number,
    slots: number,
    sample: number,
    sampleLimit: number,
  ): number
  gatherText(from: number, to: number, count: number): number
  textFlags(): number
  /** See assembly/column-numbers.as. */
  parseNumbers(from: number, to: number, count: number, before: number, behind: number): number
  /** See assembly/column-times.as. `rows`: the place of the values' rows, whose times are in `push`. */
  parseTimes(
    from: number,
    to: number,
    rows: number,
    count: number,
    layout: number,
    separator: number,
    mark: number,
    digits: number,
  ): number
  /** See assembly/column-hex.as. */
  packHex(from: number, to: number, count: number): number
  hexIsUpper(): number
  /** See assembly/column-ints.as. */
  findIntRange(count: number): void
  takeOffsets(count: number, base: number, isDelta: number): void
  gatherPlane(count: number, plane: number): void
  packPlane(count: number, width: number): number
  countBytes(length: number): void
  /** Where lines are put together. */
  readonly join: JoinMemory
  /** Puts the lines of so many rows together. */
  joinLines(rows: number): void
}

/** What columns are encoded in, one after another. */
export interface ColumnMemory {
  /** As many as there may be rows; so are those of distinct values, half of them. */
  readonly numbers: Float64Array
  /** As long as `input`. */
  readonly bytes: Uint8Array
  readonly distinctFrom: Uint32Array
  readonly distinctTo: Uint32Array
  readonly distinctFirst: Uint32Array
  readonly hexPositions: Uint8Array
  /** Least and most number, least and most step. */
  readonly intRange: Float64Array
  readonly byteCounts: Uint32Array
}

/** What lines are put together from; see assembly/join-lines.as. */
export interface JoinMemory {
  readonly rows: Uint32Array
  readonly shapes: Uint32Array
  readonly stepFrom: Uint32Array
  readonly stepTo: Uint32Array
  readonly stepColumn: Int32Array
  readonly next: Uint32Array
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly lines: Uint8Array
}

/** The tree of shapes, the rows that go through it and the values that come out; see assembly/shapes.as. */
export interface ShapeMemory {
  /** How many nodes may be other than zero. */
  usedNodes: number
  readonly kind: Uint8Array
  readonly column: Uint16Array
  readonly child: Uint16Array
  readonly sibling: Uint16Array
  readonly constantFrom: Uint32Array
  readonly constantBytes: Uint32Array
  readonly constants: Uint8Array
  readonly byteClasses: Uint8Array
  readonly rowFrom: Uint32Array
  readonly rowTo: Uint32Array
  readonly rowLeaf: Uint32Array
  readonly columnCounts: Uint32Array
  readonly valueFrom: Uint32Array
  readonly valueTo: Uint32Array
  readonly valueRow: Uint32Array
}

/** Where a push is taken apart; see assembly/push-body.as. */
export interface PushMemory {
  readonly body: Uint8Array
  readonly rowMs: Float64Array
  readonly rowNs: Uint32Array
  readonly rowLineTo: Uint32Array
  readonly rowMetaFrom: Uint32Array
  readonly rowMetaTo: Uint32Array
  readonly streams: Uint32Array
  readonly text: Uint8Array
}

/** Where levels are found; see assembly/levels.as. */
export interface LevelMemory {
  readonly spans: Uint32Array
  readonly codes: Uint8Array
  readonly fieldLengths: Uint8Array
  readonly fieldNames: Uint8Array
  readonly fieldLowers: Uint8Array
  readonly fieldNameBytes: number
  readonly sides: Uint8Array
  readonly sets: Uint8Array
  /** Whose fields are set. */
  holder: object | undefined
}

/** The kernels to use, or why there are none. */
export type Loaded =
  | { readonly wasm: Wasm; readonly path: string }
  | { readonly wasm: undefined; readonly reason: string }

/** Bytes of a gram filter before it is folded, docs/formats/segment.md. */
const FILTER_BYTES = 1 << 15

/** As in assembly/kernels.as. */
const VERSION = 7

/** Where the compiled module may lie: seen from the sources, from the bundle, and from one of its chunks. */
const PLACES = ['../../dist/kernels', 'kernels', '../kernels']

/**
 * `setting`: what LOGBOOM_KERNELS is set to; only `off` means something. A missing or broken module is no
 * error.
 */
export function loadKernels(setting: string | undefined, places: readonly string[] = PLACES): Loaded {
  if (setting === 'off') return { wasm: undefined, reason: 'LOGBOOM_KERNELS is off' }
  const paths = places.map((place) => resolve(import.meta.dirname, place, 'kernels.wasm'))
  const path = paths.find((each) => existsSync(each))
  if (path === undefined) return { wasm: undefined, reason: 'not built: npm run build:kernels' }
  try {
    return { wasm: startKernels(readFileSync(path)), path }
  } catch (thrown) {
    return { wasm: undefined, reason: `${path}: ${errorMessage(thrown)}` }
  }
}

/**
 * Starts a compiled module; a few kilobytes, so compiling it takes about a millisecond.
 * @throws Error for bytes that are no module or one of another version, and where the machine has no SIMD
 */
export function startKernels(module: Uint8Array): Wasm {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module))
  const { memory } = exports
  assertCurrent(memory instanceof WebAssembly.Memory)
  const { buffer } = memory
  const number = (name: string): number => {
    const global = exports[name]
    assertCurrent(global instanceof WebAssembly.Global)
    return global.value
  }
  const call = (name: string) => {
    const kernel = exports[name]
    assertCurrent(typeof kernel === 'function')
    return kernel as (...numbers: number[]) => number
  }
  assertCurrent(number('VERSION') === VERSION)
  return {
    input: new Uint8Array(buffer, number('INPUT'), number('INPUT_BYTES')),
    holder: undefined,
    offsets: new Uint32Array(buffer, number('OFFSETS'), number('OFFSETS_CAPACITY')),
    needle: new Uint8Array(buffer, number('NEEDLE'), number('NEEDLE_CAPACITY')),
    needleFolds: new Uint8Array(buffer, number('NEEDLE_FOLDS'), number('NEEDLE_CAPACITY')),
    heldNeedle: undefined,
    filter: new Uint8Array(buffer, number('FILTER'), FILTER_BYTES),
    setNeedle: call('setNeedle'),
    find: call('find'),
    findAll: call('findAll'),
    findNewlines: call('findNewlines'),
    beginFilter: call('beginFilter'),
    addGrams: call('addGrams'),
    endFilter: call('endFilter'),
    bodyHolder: undefined,
    push: pushMemory(buffer, number),
    uncompress: call('uncompress'),
    readPush: call('readPush'),
    pushRows: call('pushRows'),
    pushTextBytes: call('pushTextBytes'),
    levels: levelMemory(buffer, number),
    setLevelFields: call('setLevelFields'),
    findLevels: call('findLevels'),
    shapes: shapeMemory(buffer, number),
    walkShapes: call('walkShapes'),
    walkNode: call('walkNode'),
    walkDepth: call('walkDepth'),
    walkAt: call('walkAt'),
    gatherColumns: call('gatherColumns'),
    columns: columnMemory(buffer, number),
    allSame: call('allSame'),
    findDistinct: call('findDistinct'),
    gatherText: call('gatherText'),
    textFlags: call('textFlags'),
    parseNumbers: call('parseNumbers'),
    parseTimes: call('parseTimes'),
    packHex: call('packHex'),
    hexIsUpper: call('hexIsUpper'),
    findIntRange: call('findIntRange'),
    takeOffsets: call('takeOffsets'),
    gatherPlane: call('gatherPlane'),
    packPlane: call('packPlane'),
    countBytes: call('countBytes'),
    join: joinMemory(buffer, number),
    joinLines: call('joinLines'),
  }
}

function shapeMemory(buffer: ArrayBuffer, number: (name: string) => number): ShapeMemory {
  const nodes = number('SHAPE_NODES')
  const rows = number('SHAPE_ROWS')
  const values = number('SHAPE_VALUES')
  return {
    usedNodes: nodes,
    kind: new Uint8Array(buffer, number('NODE_KIND'), nodes),
    column: new Uint16Array(buffer, number('NODE_COLUMN'), nodes),
    child: new Uint16Array(buffer, number('NODE_CHILD'), nodes),
    sibling: new Uint16Array(buffer, number('NODE_SIBLING'), nodes),
    constantFrom: new Uint32Array(buffer, number('NODE_CONSTANT'), nodes),
    constantBytes: new Uint32Array(buffer, number('NODE_CONSTANT_BYTES'), nodes),
    constants: new Uint8Array(buffer, number('CONSTANTS'), number('INPUT_BYTES')),
    byteClasses: new Uint8Array(buffer, number('BYTE_CLASSES'), 256),
    rowFrom: new Uint32Array(buffer, number('ROW_FROM'), rows),
    rowTo: new Uint32Array(buffer, number('ROW_TO'), rows),
    rowLeaf: new Uint32Array(buffer, number('ROW_LEAF'), rows),
    columnCounts: new Uint32Array(buffer, number('COLUMN_COUNTS'), number('SHAPE_COLUMNS')),
    valueFrom: new Uint32Array(buffer, number('VALUE_FROM'), values),
    valueTo: new Uint32Array(buffer, number('VALUE_TO'), values),
    valueRow: new Uint32Array(buffer, number('VALUE_ROW'), values),
  }
}

function columnMemory(buffer: ArrayBuffer, number: (name: string) => number): ColumnMemory {
  const rows = number('SHAPE_ROWS')
  return {
    numbers: new Float64Array(buffer, number('NUMBERS'), rows),
    bytes: new Uint8Array(buffer, number('COLUMN_BYTES'), number('INPUT_BYTES')),
    distinctFrom: new Uint32Array(buffer, number('DISTINCT_FROM'), rows / 2),
    distinctTo: new Uint32Array(buffer, number('DISTINCT_TO'), rows / 2),
    distinctFirst: new Uint32Array(buffer, number('DISTINCT_FIRST'), rows / 2),
    hexPositions: new Uint8Array(buffer, number('HEX_POSITIONS'), 72),
    intRange: new Float64Array(buffer, number('INT_RANGE'), 4),
    byteCounts: new Uint32Array(buffer, number('BYTE_COUNTS'), 256),
  }
}

function joinMemory(buffer: ArrayBuffer, number: (name: string) => number): JoinMemory {
  const steps = number('JOIN_STEPS')
  const values = number('JOIN_VALUES')
  return {
    rows: new Uint32Array(buffer, number('JOIN_ROW'), number('JOIN_ROWS')),
    shapes: new Uint32Array(buffer, number('JOIN_SHAPES'), steps + 1),
    stepFrom: new Uint32Array(buffer, number('JOIN_STEP_FROM'), steps),
    stepTo: new Uint32Array(buffer, number('JOIN_STEP_TO'), steps),
    stepColumn: new Int32Array(buffer, number('JOIN_STEP_COLUMN'), steps),
    next: new Uint32Array(buffer, number('JOIN_NEXT'), number('JOIN_COLUMNS')),
    from: new Uint32Array(buffer, number('JOIN_FROM'), values),
    to: new Uint32Array(buffer, number('JOIN_TO'), values),
    lines: new Uint8Array(buffer, number('JOIN_LINES'), number('JOIN_BYTES')),
  }
}

function pushMemory(buffer: ArrayBuffer, number: (name: string) => number): PushMemory {
  const rows = number('ROWS_CAPACITY')
  return {
    body: new Uint8Array(buffer, number('BODY'), number('BODY_BYTES')),
    rowMs: new Float64Array(buffer, number('ROW_MS'), rows),
    rowNs: new Uint32Array(buffer, number('ROW_NS'), rows),
    rowLineTo: new Uint32Array(buffer, number('ROW_LINE_TO'), rows),
    rowMetaFrom: new Uint32Array(buffer, number('ROW_META_FROM'), rows),
    rowMetaTo: new Uint32Array(buffer, number('ROW_META_TO'), rows),
    streams: new Uint32Array(buffer, number('STREAMS'), number('STREAMS_CAPACITY') * 4),
    text: new Uint8Array(buffer, number('TEXT'), number('TEXT_BYTES')),
  }
}

function levelMemory(buffer: ArrayBuffer, number: (name: string) => number): LevelMemory {
  const lines = number('LEVEL_LINES_CAPACITY')
  const fields = number('FIELD_CAPACITY')
  const nameBytes = number('FIELD_NAME_BYTES')
  return {
    spans: new Uint32Array(buffer, number('LEVEL_SPANS'), lines * 2),
    codes: new Uint8Array(buffer, number('LEVEL_CODES'), lines),
    fieldLengths: new Uint8Array(buffer, number('FIELD_LENGTHS'), fields),
    fieldNames: new Uint8Array(buffer, number('FIELD_NAMES'), fields * nameBytes),
    fieldLowers: new Uint8Array(buffer, number('FIELD_LOWERS'), fields * nameBytes),
    fieldNameBytes: nameBytes,
    sides: new Uint8Array(buffer, number('LEVEL_SIDES'), 256),
    sets: new Uint8Array(buffer, number('LEVEL_SETS'), 32),
    holder: undefined,
  }
}

function assertCurrent(isCurrent: boolean): asserts isCurrent {
  if (!isCurrent) throw new Error('the kernels are of another version: npm run build:kernels')
}

/** What this process uses. */
export const loaded: Loaded = loadKernels(process.env.LOGBOOM_KERNELS)
