import type { ScanStats } from '../types.ts'
import { decodeLengths, decodeMetadata, decodeTimes } from './block-codec.ts'
import type { BlockReader } from './block-reader.ts'
import { errorCode } from './disk.ts'
import { type PartInfo, unpackPart } from './parts.ts'
import type { CountedRows } from './rewritten-counters.ts'
import type { Segment } from './segment.ts'
import type { DirectoryEntry } from './segment-format.ts'

/** Blocks are read together as long as no more than this lies between them: a read costs more than that. */
const MAX_GAP_BYTES = 64 << 10
const MAX_READ_BYTES = 1 << 20

interface Wanted {
  readonly block: number
  readonly entry: DirectoryEntry
}

/**
 * Reads all of blocks but their lines, for who looks at rows once: neighbours with one read, and nothing is
 * kept. Damaged blocks are reported and left out.
 * @param wanted numbers of blocks, ascending
 */
export async function readRowColumns(
  blocks: BlockReader,
  segment: Segment,
  wanted: readonly number[],
  stats: ScanStats,
  visit: (block: number, rows: CountedRows) => void,
): Promise<void> {
  for (let next = 0; next < wanted.length; ) {
    const group: Wanted[] = []
    let end = 0
    for (; next < wanted.length; next++) {
      const entry = segment.directory.entry(wanted[next])
      const from = group[0]?.entry.offset ?? entry.offset
      const isNear = entry.offset - end <= MAX_GAP_BYTES && entry.offset - from < MAX_READ_BYTES
      if (group.length > 0 && !isNear) break
      group.push({ block: wanted[next], entry })
      end = entry.offset + columnBytes(entry)
    }
    await readGroup(blocks, segment, group, end, stats, visit)
  }
}

async function readGroup(
  blocks: BlockReader,
  segment: Segment,
  group: readonly Wanted[],
  end: number,
  stats: ScanStats,
  visit: (block: number, rows: CountedRows) => void,
): Promise<void> {
  const from = group[0].entry.offset
  let bytes: Buffer
  try {
    bytes = await segment.read(from, end - from)
  } catch (thrown) {
    if (errorCode(thrown) !== 'EIO') throw thrown
    // One of them cannot be read; the others can.
    for (const { block } of group) {
      const columns = await blocks.columns(segment, block, stats)
      if (columns !== undefined) visit(block, columns)
    }
    return
  }
  for (const { block, entry } of group) {
    const rows = blocks.unpack(segment, block, () => decode(entry, bytes.subarray(entry.offset - from)))
    if (rows !== undefined) visit(block, rows)
  }
}

/** The parts before the lines come first, one after another. */
function columnBytes({ times, lengths, metadata }: DirectoryEntry): number {
  return times.storedBytes + lengths.storedBytes + metadata.storedBytes
}

function decode(entry: DirectoryEntry, stored: Buffer): CountedRows {
  const { rows, minMs } = entry
  let at = 0
  const part = (info: PartInfo): Uint8Array => {
    const own = stored.subarray(at, at + info.storedBytes)
    at += info.storedBytes
    return unpackPart(own, info)
  }
  const times = decodeTimes(part(entry.times), rows, minMs)
  const lineTo = decodeLengths(part(entry.lengths), rows)
  const { sets, ids } = decodeMetadata(part(entry.metadata), rows)
  // Only how long lines are is of interest.
  return { ...times, lineFrom: new Uint32Array(rows), lineTo, sets, rowMetadata: ids }
}
