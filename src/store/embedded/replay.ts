import { dirname } from 'node:path'
import type { Logger } from '#base/logger.ts'
import { cutFile, syncDir, syncFile } from './disk.ts'
import type { Entries } from './entries.ts'
import type { FileSystem } from './file-system.ts'
import { dayOf, segmentsDir, walDir, walPath } from './paths.ts'
import type { Segment } from './segment.ts'
import { readWalFile } from './wal-file.ts'

/** What a start found in the log. */
export interface ReplayStats {
  files: number
  rows: number
  /** Rows that a segment already held. */
  skippedRows: number
  tornTails: number
  corruptRecords: number
}

/** Takes what the log holds, at start-up. */
export interface ReplayTarget {
  /** Takes the rows that `isWanted` allows (all without it); returns how many it took. */
  insert(entries: Entries, isWanted: ((row: number) => boolean) | undefined): number
  /** Called after each file, which is damaged when it could not be read to its end. */
  fileDone(sequence: number, damaged: boolean): Promise<void>
}

/** Numbers of the log files there are, ascending. */
export async function listWalFiles(fs: FileSystem, dir: string): Promise<number[]> {
  const sequences: number[] = []
  for (const { name } of await fs.readdir(walDir(dir))) {
    const match = /^(\d{16})\.wal$/.exec(name)
    if (match !== null) sequences.push(Number(match[1]))
  }
  return sequences.sort((a, b) => a - b)
}

/** Hands every row of the log that is in no segment to `target`. docs/formats/wal.md, Replay. */
export async function replayWal(
  fs: FileSystem,
  dir: string,
  sequences: readonly number[],
  segments: readonly Segment[],
  target: ReplayTarget,
  logger: Logger,
): Promise<ReplayStats> {
  const stats: ReplayStats = { files: 0, rows: 0, skippedRows: 0, tornTails: 0, corruptRecords: 0 }
  await syncFound(fs, dir, sequences, segments)
  for (const sequence of sequences) {
    const path = walPath(dir, sequence)
    const covered = coveredDays(segments, sequence)
    // A copy of its own begins at a multiple of eight, as columns must.
    const file = new Uint8Array(await fs.readFile(path))
    const { goodBytes, damage, gaps } = readWalFile(file, sequence, (entries) => {
      const taken = target.insert(entries, wantedRows(entries, covered))
      stats.rows += taken
      stats.skippedRows += entries.rows - taken
    })
    stats.files++
    const isLast = sequence === sequences.at(-1)
    for (const { offset, bytes, reason } of gaps) {
      stats.corruptRecords++
      logger.error(
        { file: path, offset, lostBytes: bytes, reason },
        'a record of the write-ahead log is damaged and its rows are lost; the records behind it are kept. ' +
          'Check the disk.',
      )
    }
    if (damage !== undefined && isLast) {
      stats.tornTails++
      logger.warn(
        { file: path, offset: goodBytes, cutBytes: file.length - goodBytes, reason: damage },
        'the log ends in an unfinished write, as after a crash; cut there. Nothing acknowledged is lost.',
      )
      if (goodBytes === 0) await fs.unlink(path)
      else await cutFile(fs, path, goodBytes)
    } else if (damage !== undefined) {
      stats.corruptRecords++
      logger.error(
        { file: path, offset: goodBytes, lostBytes: file.length - goodBytes, reason: damage },
        'a file of the write-ahead log is damaged; the rest of it cannot be recovered. Check the disk.',
      )
    }
    await target.fileDone(sequence, gaps.length > 0 || (damage !== undefined && !isLast))
  }
  return stats
}

/**
 * Makes durable what the replay relies on. An earlier process may have been killed between writing and fsync:
 * what it left is seen now, answers pushes that are sent again, and would still be lost with the power.
 */
async function syncFound(
  fs: FileSystem,
  dir: string,
  sequences: readonly number[],
  segments: readonly Segment[],
): Promise<void> {
  if (sequences.length === 0) return
  for (const sequence of sequences) await syncFile(fs, walPath(dir, sequence))
  await syncDir(fs, walDir(dir))
  const covering = segments.filter(({ properties }) => properties.walTo >= sequences[0])
  const partitions = new Set(covering.map(({ path }) => dirname(path)))
  for (const partition of partitions) await syncDir(fs, partition)
  for (const tenant of new Set([...partitions].map((path) => dirname(path)))) await syncDir(fs, tenant)
  await syncDir(fs, segmentsDir(dir))
}

/** Per tenant, the days whose rows of this log file are in segments. */
function coveredDays(segments: readonly Segment[], sequence: number): Map<string, Set<number>> {
  const covered = new Map<string, Set<number>>()
  for (const { properties, day } of segments) {
    if (sequence < properties.walFrom || sequence > properties.walTo) continue
    const days = covered.get(properties.tenant)
    if (days === undefined) covered.set(properties.tenant, new Set([day]))
    else days.add(day)
  }
  return covered
}

function wantedRows(
  entries: Entries,
  covered: Map<string, Set<number>>,
): ((row: number) => boolean) | undefined {
  const days = covered.get(entries.tenant)
  if (days === undefined) return undefined
  return (row) => !days.has(dayOf(entries.tsMs[row], entries.tsNs[row]))
}
