import type { ColumnText, FieldColumn, LineShape, RowBatch } from '#store/types.ts'
import { type Cluster, countLines } from './cluster.ts'
import { type MessagePlace, messageHole, messagePlace, shapePattern, takeApart } from './line-template.ts'
import type { Miner } from './miner.ts'
import { HOLE } from './tokens.ts'

/** How batches are counted. */
export interface CountRules {
  readonly miner: Miner
  /** Keys of a line's message, first come first. */
  readonly keys: readonly string[]
  /** Longer lines, and messages, are not looked at word by word. */
  readonly maxLineBytes: number
  /** Of the rows that must be looked at one by one, each of this many stands for as many. */
  readonly stride: number
  /** Number of the bucket of a moment, ms. */
  bucketOf(tsMs: number): number
}

/** Rows that were to be looked at one by one so far. */
export interface Turns {
  rows: number
}

/**
 * Whether it is a row's turn: one of `stride`, evenly spread, but in no rhythm that lines of a program may
 * have, too (multiples of the golden ratio).
 */
function isTaken(turns: Turns, stride: number): boolean {
  return stride === 1 || Math.imul(turns.rows++, 0x9e3779b1) >>> 0 < 2 ** 32 / stride
}

/** What is known of a shape within a batch. */
interface ShapeReader {
  readonly shape: LineShape
  readonly place: MessagePlace | undefined
  readonly column: FieldColumn | undefined
  /** Texts of the column, once they are wanted. */
  texts: ColumnText | undefined
  /** By number of the metadata: the cluster of the shape. */
  readonly whole: (Cluster | undefined)[]
  /** By number of the metadata: clusters of messages by the number of their text. */
  readonly byText: Map<number, Cluster>[]
}

/** The level of lines whose level is not known. */
const UNKNOWN = 'unknown'

/**
 * Counts the rows of a batch into clusters. Rows whose shape the store knows are counted without their lines:
 * by the shape, and where that has a message by the texts of its column. All others are taken apart.
 */
export function countBatch(rules: CountRules, batch: RowBatch, turns: Turns): void {
  const levels = batch.metadata.map((set) => set.find(([name]) => name === 'detected_level')?.[1] || UNKNOWN)
  const known = batch.shapes?.()
  if (known === undefined) {
    countLinesOf(rules, batch, [...batch.rows], levels, turns)
    return
  }
  const readers: ShapeReader[] = []
  const others: number[] = []
  for (const row of batch.rows) {
    const number = known.rowShape[row]
    readers[number] ??= shapeReader(batch, known.shapes[number], rules.keys)
    const reader = readers[number]
    if (reader.place === undefined) {
      const set = batch.rowMetadata[row]
      let cluster = reader.whole[set]
      if (cluster === undefined || cluster.isGone) {
        cluster = wholeOf(rules, levels[set], reader.shape)
        reader.whole[set] = cluster
      }
      countLines(cluster, rules.bucketOf(batch.tsMs[row]), 1)
    } else if (!countMessage(rules, batch, reader, row, levels, turns)) others.push(row)
  }
  countLinesOf(rules, batch, others, levels, turns)
}

/** @returns false where the row's message is not in the column */
function countMessage(
  rules: CountRules,
  batch: RowBatch,
  reader: ShapeReader,
  row: number,
  levels: readonly string[],
  turns: Turns,
): boolean {
  const { place, column } = reader
  const value = column?.valueIndex[row] ?? -1
  if (value === -1 || place === undefined || column === undefined) return false
  reader.texts ??= column.texts()
  const { bytes, from, to, ids } = reader.texts
  // Texts that come again are looked at once, others in turn.
  if (ids === undefined && !isTaken(turns, rules.stride)) return true
  const id = ids === undefined ? value : ids[value]
  const set = batch.rowMetadata[row]
  reader.byText[set] ??= new Map()
  let cluster = ids === undefined ? undefined : reader.byText[set].get(id)
  if (cluster === undefined || cluster.isGone) {
    const text = Buffer.from(bytes.subarray(from[id], to[id])).toString()
    cluster = messageOf(rules, levels[set], place, text)
    if (ids !== undefined) reader.byText[set].set(id, cluster)
  }
  countLines(cluster, rules.bucketOf(batch.tsMs[row]), ids === undefined ? rules.stride : 1)
  return true
}

function countLinesOf(
  rules: CountRules,
  batch: RowBatch,
  rows: readonly number[],
  levels: readonly string[],
  turns: Turns,
): void {
  const picked = rows.filter(() => isTaken(turns, rules.stride))
  if (picked.length === 0) return
  const { bytes, lineFrom, lineTo } = batch.lines(Uint32Array.from(picked))
  for (const row of picked) {
    if (lineTo[row] - lineFrom[row] > rules.maxLineBytes) continue
    const level = levels[batch.rowMetadata[row]]
    const { shape, values } = takeApart(bytes, lineFrom[row], lineTo[row])
    const hole = messageHole(shape, rules.keys)
    const cluster =
      hole === -1
        ? wholeOf(rules, level, shape)
        : messageOf(rules, level, messagePlace(shape, hole, rules.keys), values[hole])
    countLines(cluster, rules.bucketOf(batch.tsMs[row]), rules.stride)
  }
}

/**
 * Of JSON objects without a message the keys tell what they are; other texts are clustered by their words.
 */
function wholeOf({ miner }: CountRules, level: string, shape: LineShape): Cluster {
  const text = shapePattern(shape)
  const before = shape.isJson ? text : ''
  return miner.clusterOf({ level, before, after: '' }, shape.isJson ? '' : text)
}

function messageOf({ miner, maxLineBytes }: CountRules, level: string, place: MessagePlace, text: string) {
  const { before, after } = place
  return miner.clusterOf({ level, before, after }, text.length > maxLineBytes ? HOLE : text)
}

function shapeReader(batch: RowBatch, shape: LineShape, keys: readonly string[]): ShapeReader {
  const hole = messageHole(shape, keys)
  const place = hole === -1 ? undefined : messagePlace(shape, hole, keys)
  const column = place && batch.fields?.column(shape.isJson ? 'json' : 'logfmt', place.key)
  return { shape, place, column, texts: undefined, whole: [], byText: [] }
}
