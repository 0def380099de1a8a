import type { Segment } from './segment.ts'
import type { DirectoryEntry } from './segment-format.ts'
import type { Stream } from './stream.ts'

/** A block with its place. */
export interface PlacedBlock {
  readonly segment: Segment
  readonly block: number
  readonly entry: DirectoryEntry
}

/**
 * The blocks of a stream in groups that follow one another in time: those of a group overlap, or share a
 * moment. Blocks of a single segment never do more than share one, and stand alone.
 */
export function* groupBlocks(inputs: readonly Segment[], stream: Stream): Generator<readonly PlacedBlock[]> {
  const placed: PlacedBlock[] = []
  for (const segment of inputs) {
    const [from, to] = segment.blocksOf(stream)
    for (let block = from; block < to; block++) {
      placed.push({ segment, block, entry: segment.directory.entry(block) })
    }
  }
  // Stable: blocks of one segment stay in their order.
  placed.sort(({ entry: a }, { entry: b }) => a.minMs - b.minMs || a.minNs - b.minNs)
  let group: PlacedBlock[] = []
  let end: DirectoryEntry | undefined
  for (const each of placed) {
    const { entry } = each
    const isApart =
      end === undefined ||
      entry.minMs > end.maxMs ||
      (entry.minMs === end.maxMs && entry.minNs > end.maxNs) ||
      inputs.length === 1
    if (isApart && group.length > 0) {
      yield group
      group = []
      end = undefined
    }
    group.push(each)
    if (
      end === undefined ||
      entry.maxMs > end.maxMs ||
      (entry.maxMs === end.maxMs && entry.maxNs > end.maxNs)
    )
      end = entry
  }
  if (group.length > 0) yield group
}

/** Whether a block is so large that it need not be joined with its neighbours. */
export function isWhole({ entry }: PlacedBlock, blockBytes: number): boolean {
  return entry.lines.rawBytes >= blockBytes / 2 || entry.rows >= WHOLE_ROWS
}

/** Half of what a block may have. */
const WHOLE_ROWS = 32_768
