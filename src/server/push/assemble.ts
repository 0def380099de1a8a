import { type Labels, makeLabels } from '#base/labels.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { EntryBatch, EntryRun, Metadata } from '#store/types.ts'
import type { DraftBatch, DraftStream } from './draft-batch.ts'
import { entryFault, rfc3339Seconds } from './entry-checks.ts'
import type { LineLevels } from './level-line.ts'
import { LEVELS } from './level-words.ts'
import { type MetadataSet, makeMetadataSet, NO_METADATA } from './metadata.ts'
import type { Rejections } from './rejections.ts'
import type { StreamInfo, StreamResolver } from './stream-labels.ts'

/** Why streams of a policy under `block_ingestion_policy_until` are refused. */
export const BLOCKED_BY_POLICY = 'blocked_ingestion_policy'

/** What decides over the entries of one tenant. */
export interface AssembleRules {
  readonly tenant: string
  readonly limits: Limits
  readonly resolve: StreamResolver
  readonly lineLevels: LineLevels
}

/** A batch that passed validation, and what it weighs. */
export interface AssembledBatch {
  readonly batch: EntryBatch
  /** Lines and their structured metadata, per run and in all: what rate limits count. */
  readonly runBytes: readonly number[]
  readonly bytes: number
}

/** Metadata of the rows of one request: each distinct set once, with one entry per level it came with. */
interface MetadataTable {
  readonly sets: Map<string, MetadataEntry>
  readonly plain: MetadataEntry
  readonly list: Metadata[]
}

interface MetadataEntry {
  readonly set: MetadataSet
  /** Index into the list by level text; the levels of lines by their code. */
  readonly byCode: Int32Array
  readonly byText: Map<string, number>
}

/**
 * Validates a draft and turns it into the batch the store takes, in place: refused rows are closed up,
 * levels and
 * normalised metadata added. What is refused goes to `rejections`.
 */
export function assembleBatch(
  draft: DraftBatch,
  rules: AssembleRules,
  rejections: Rejections,
  nowMs: number,
): AssembledBatch {
  const table: MetadataTable = { sets: new Map(), plain: metadataEntry(NO_METADATA), list: [[]] }
  const rowMetadata = new Uint32Array(draft.rows)
  const levels = new Uint8Array(draft.rows)
  const runs: EntryRun[] = []
  const runBytes: number[] = []
  let bytes = 0
  let kept = 0
  for (const stream of draft.streams) {
    if (stream.from === stream.to) continue
    const info = rules.resolve(stream.labels)
    if (info.fault !== undefined) {
      const { reason, message } = info.fault
      rejections.add(reason, message, stream.to - stream.from, lineBytes(draft, stream))
      continue
    }
    if (info.blockedUntilMs > nowMs) {
      refuseBlocked(info, rules, rejections, stream.to - stream.from, lineBytes(draft, stream))
      continue
    }
    const from = kept
    const before = bytes
    const isLevelWanted = wantsLevels(rules.limits, info)
    if (isLevelWanted)
      rules.lineLevels(draft.bytes, draft.lineFrom, draft.lineTo, stream.from, stream.to, levels)
    for (let row = stream.from; row < stream.to; row++) {
      const entry = metadataOf(draft, row, rules, table)
      const fault = entryFault(draft, row, entry.set, info.key, rules.limits, nowMs)
      const size = draft.lineTo[row] - draft.lineFrom[row]
      if (fault !== undefined) {
        if (fault.keep) {
          rejections.count(fault.reason, 1, size)
          // What was cut off says nothing any more.
          if (isLevelWanted) rules.lineLevels(draft.bytes, draft.lineFrom, draft.lineTo, row, row + 1, levels)
        } else {
          rejections.add(fault.reason, fault.message, 1, size)
          continue
        }
      }
      moveRow(draft, row, kept)
      if (rules.limits.increment_duplicate_timestamp && kept > from) separateTimestamps(draft, kept)
      rowMetadata[kept] = indexOf(entry, info, rules.limits, levels[row], table)
      bytes += draft.lineTo[kept] - draft.lineFrom[kept] + entry.set.sizeBytes
      kept++
    }
    if (kept === from) continue
    runs.push({ labels: info.labels, key: info.key, from, to: kept })
    runBytes.push(bytes - before)
  }
  const batch: EntryBatch = {
    runs,
    rows: kept,
    tsMs: draft.tsMs.subarray(0, kept),
    tsNs: draft.tsNs.subarray(0, kept),
    bytes: draft.bytes,
    lineFrom: draft.lineFrom.subarray(0, kept),
    lineTo: draft.lineTo.subarray(0, kept),
    metadata: table.list,
    rowMetadata: rowMetadata.subarray(0, kept),
  }
  return { batch, runBytes, bytes }
}

/** `block_ingestion_policy_until`; with the status 200 nobody is told. */
function refuseBlocked(
  { policy, blockedUntilMs }: StreamInfo,
  { tenant, limits }: AssembleRules,
  rejections: Rejections,
  lines: number,
  bytes: number,
): void {
  const status = limits.block_ingestion_status_code
  if (status === 200) {
    rejections.count(BLOCKED_BY_POLICY, lines, bytes)
    return
  }
  const message =
    `ingestion blocked for user '${tenant}' (policy: '${policy}') until ` +
    `'${rfc3339Seconds(blockedUntilMs)}' with status code '${status}'`
  rejections.add(BLOCKED_BY_POLICY, message, lines, bytes)
}

function lineBytes(draft: DraftBatch, { from, to }: DraftStream): number {
  let bytes = 0
  for (let row = from; row < to; row++) bytes += draft.lineTo[row] - draft.lineFrom[row]
  return bytes
}

function moveRow(draft: DraftBatch, from: number, to: number): void {
  if (from === to) return
  draft.tsMs[to] = draft.tsMs[from]
  draft.tsNs[to] = draft.tsNs[from]
  draft.lineFrom[to] = draft.lineFrom[from]
  draft.lineTo[to] = draft.lineTo[from]
}

/**
 * `increment_duplicate_timestamp`: a row at the time of the one before it, but with another line, moves on
 * by 1 ns.
 */
function separateTimestamps(draft: DraftBatch, at: number): void {
  const { tsMs, tsNs, bytes, lineFrom, lineTo } = draft
  const before = at - 1
  const later = tsMs[at] > tsMs[before] || (tsMs[at] === tsMs[before] && tsNs[at] > tsNs[before])
  if (later) return
  const line = bytes.subarray(lineFrom[at], lineTo[at])
  if (line.equals(bytes.subarray(lineFrom[before], lineTo[before]))) return
  const overflow = tsNs[before] === 999_999
  tsMs[at] = tsMs[before] + (overflow ? 1 : 0)
  tsNs[at] = overflow ? 0 : tsNs[before] + 1
}

function metadataEntry(set: MetadataSet): MetadataEntry {
  return { set, byCode: new Int32Array(LEVELS.length).fill(-1), byText: new Map() }
}

function metadataOf(
  draft: DraftBatch,
  row: number,
  rules: AssembleRules,
  table: MetadataTable,
): MetadataEntry {
  const from = draft.metaFrom[row]
  const to = draft.metaTo[row]
  if (from === to) return table.plain
  const key = draft.bytes.toString('latin1', from, to)
  let entry = table.sets.get(key)
  if (entry === undefined) {
    const pairs = draft.readMetadata(draft.bytes, from, to)
    entry = metadataEntry(makeMetadataSet(pairs, rules.limits.log_level_fields))
    table.sets.set(key, entry)
  }
  return entry
}

/** Whether the lines of a stream are asked for their levels. */
function wantsLevels(limits: Limits, info: StreamInfo): boolean {
  return limits.discover_log_levels && limits.allow_structured_metadata && info.level === undefined
}

/** Where the row's final metadata, level included, stands in the list. `code` is the level of its line. */
function indexOf(
  entry: MetadataEntry,
  info: StreamInfo,
  limits: Limits,
  code: number,
  table: MetadataTable,
): number {
  const stated = entry.set.level
  if (!limits.discover_log_levels || !limits.allow_structured_metadata) {
    return byText(entry, stated?.explicit === true ? stated.text : '', table)
  }
  if (stated?.explicit === true) return byText(entry, stated.text, table)
  if (info.level !== undefined) return byText(entry, info.level, table)
  if (stated !== undefined) return byText(entry, stated.text, table)
  if (entry.byCode[code] < 0) entry.byCode[code] = byText(entry, LEVELS[code], table)
  return entry.byCode[code]
}

function byText({ set, byText: known }: MetadataEntry, level: string, table: MetadataTable): number {
  const index = known.get(level)
  if (index !== undefined) return index
  if (level === '' && set.labels.length === 0) return 0
  const labels: Labels = level === '' ? set.labels : makeLabels([...set.labels, ['detected_level', level]])
  table.list.push(labels)
  known.set(level, table.list.length - 1)
  return table.list.length - 1
}
