import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { CorruptBlock } from '../scan-plan.ts'
import { DamagedAt } from './opened-block.ts'
import type { Segment } from './segment.ts'

/** Told once per block that it cannot be read. */
export type ReportCorrupt = (segment: Segment, corrupt: CorruptBlock) => void

/** What an error says of a block. */
export function describeCorrupt(segment: Segment, block: number, thrown: unknown): CorruptBlock {
  const offset = thrown instanceof DamagedAt ? thrown.offset : segment.directory.entry(block).offset
  return { path: segment.path, sizeBytes: segment.sizeBytes, block, offset, error: errorMessage(thrown) }
}

/** Says in the log which block is left out of answers from now on. */
export function logCorrupt(logger: Logger): ReportCorrupt {
  return (segment, { block, offset, error }) => {
    const { rows, stream } = segment.directory.entry(block)
    logger.error(
      { file: segment.path, offset, rows, stream: segment.streams[stream].key, error },
      'a block cannot be read and is left out of every answer; the rest answers. Check the disk.',
    )
  }
}
