import type { Metadata } from '../types.ts'
import type { DecodedBlock } from './block-builder.ts'
import { rowHash } from './row-index.ts'

/** A block that takes part in a merge. */
export interface MergeBlock {
  /** Reads it, with the rows to leave out marked by 1. */
  load(): Promise<{ readonly block: DecodedBlock; readonly dropped: Uint8Array | undefined }>
}

/** Takes the rows of a merge in time order. */
export interface MergeTarget {
  /** A row that stays. May be asked to wait. */
  keep(block: DecodedBlock, row: number): Promise<void> | undefined
  /** A row that was marked, or repeats an earlier one. */
  drop(block: DecodedBlock, row: number): void
}

/** Where a merge stands in one of its inputs. */
interface Cursor {
  readonly blocks: readonly MergeBlock[]
  next: number
  block: DecodedBlock | undefined
  dropped: Uint8Array | undefined
  row: number
}

interface RowRef {
  readonly block: DecodedBlock
  readonly row: number
}

/**
 * Merges rows of one stream by time, ties in the order of the inputs. Each input is a list of blocks that
 * ascend in time; one block of each is in memory. A row that repeats one of another input, in time, line and
 * metadata, is dropped: within an input there are no repeats.
 */
export async function mergeRows(
  inputs: readonly (readonly MergeBlock[])[],
  target: MergeTarget,
): Promise<void> {
  let cursors: Cursor[] = []
  for (const blocks of inputs) {
    const cursor: Cursor = { blocks, next: 0, block: undefined, dropped: undefined, row: 0 }
    if (await settle(cursor, target)) cursors.push(cursor)
  }
  while (cursors.length > 0) {
    const first = earliest(cursors)
    const tied = cursors.filter((other) => compareHeads(first, other) === 0)
    if (tied.length > 1) await takeTied(tied, target)
    else await takeRun(first, cursors, target)
    cursors = cursors.filter(({ block }) => block !== undefined)
  }
}

/** Moves to the next row that is not marked; false at the end. */
async function settle(cursor: Cursor, target: MergeTarget): Promise<boolean> {
  for (;;) {
    const { block, dropped } = cursor
    if (block !== undefined) {
      while (cursor.row < block.tsMs.length && dropped?.[cursor.row] === 1) target.drop(block, cursor.row++)
      if (cursor.row < block.tsMs.length) return true
    }
    if (cursor.next === cursor.blocks.length) {
      cursor.block = undefined
      return false
    }
    const loaded = await cursor.blocks[cursor.next++].load()
    cursor.block = loaded.block
    cursor.dropped = loaded.dropped
    cursor.row = 0
  }
}

function earliest(cursors: readonly Cursor[]): Cursor {
  let first = cursors[0]
  for (const cursor of cursors) if (compareHeads(cursor, first) < 0) first = cursor
  return first
}

function compareHeads(a: Cursor, b: Cursor): number {
  if (a.block === undefined || b.block === undefined) return 0
  return a.block.tsMs[a.row] - b.block.tsMs[b.row] || a.block.tsNs[a.row] - b.block.tsNs[b.row]
}

/** Takes the rows of a cursor that are earlier than those of every other. */
async function takeRun(cursor: Cursor, cursors: readonly Cursor[], target: MergeTarget): Promise<void> {
  const others = cursors.filter((other) => other !== cursor)
  const limit = others.length > 0 ? earliest(others) : undefined
  while (cursor.block !== undefined && (limit === undefined || compareHeads(cursor, limit) < 0)) {
    const waiting = take(cursor, target)
    if (waiting !== undefined) await waiting
  }
}

function take(cursor: Cursor, target: MergeTarget): Promise<unknown> | undefined {
  const { block } = cursor
  if (block === undefined) return undefined
  const waiting = target.keep(block, cursor.row++)
  const isAtEnd = cursor.row === block.tsMs.length || cursor.dropped?.[cursor.row] === 1
  if (waiting === undefined) return isAtEnd ? settle(cursor, target) : undefined
  return isAtEnd ? waiting.then(() => settle(cursor, target)) : waiting
}

/** Takes all rows of the moment that these cursors stand at, each content once. */
async function takeTied(cursors: readonly Cursor[], target: MergeTarget): Promise<void> {
  const [{ block: first, row: at }] = cursors
  if (first === undefined) return
  const [ms, ns] = [first.tsMs[at], first.tsNs[at]]
  const kept = new Map<number, RowRef[]>()
  for (const cursor of cursors) {
    const own: [hash: number, ref: RowRef][] = []
    while (cursor.block !== undefined) {
      const { block, row } = cursor
      if (block.tsMs[row] !== ms || block.tsNs[row] !== ns) break
      const hash = rowHash(ms, ns, block.bytes.subarray(block.lineFrom[row], block.lineTo[row]))
      if (kept.get(hash)?.some((other) => sameContent(other, { block, row })) === true) {
        target.drop(block, row)
        cursor.row++
        await settle(cursor, target)
      } else {
        own.push([hash, { block, row }])
        const waiting = take(cursor, target)
        if (waiting !== undefined) await waiting
      }
    }
    for (const [hash, ref] of own) {
      const others = kept.get(hash)
      if (others === undefined) kept.set(hash, [ref])
      else others.push(ref)
    }
  }
}

function sameContent({ block: x, row: a }: RowRef, { block: y, row: b }: RowRef): boolean {
  const left = x.bytes.subarray(x.lineFrom[a], x.lineTo[a])
  if (Buffer.compare(left, y.bytes.subarray(y.lineFrom[b], y.lineTo[b])) !== 0) return false
  return sameSet(x.sets[x.rowMetadata[a]], y.sets[y.rowMetadata[b]])
}

function sameSet(x: Metadata, y: Metadata): boolean {
  return x.length === y.length && x.every(([name, value], i) => name === y[i][0] && value === y[i][1])
}
