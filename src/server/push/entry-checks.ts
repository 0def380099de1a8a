import type { Limits } from '#config/schema/limits.ts'
import type { DraftBatch } from './draft-batch.ts'
import type { MetadataSet } from './metadata.ts'

/** Why one entry is refused, or (with `keep`) cut short. */
export interface EntryFault {
  readonly reason: string
  readonly message: string
  /** The entry is stored all the same: its line was truncated. */
  readonly keep: boolean
}

/** Nanoseconds since the epoch in 64 bits begin here, in 1677; a missing timestamp is the year 1. */
const EARLIEST_MS = -9_223_372_036_854

/**
 * Checks one row against the limits of its tenant, in Loki's order. Truncates its line where the limits say
 * so.
 */
export function entryFault(
  draft: DraftBatch,
  row: number,
  metadata: MetadataSet,
  stream: string,
  limits: Limits,
  nowMs: number,
): EntryFault | undefined {
  const tsMs = draft.tsMs[row]
  const tooOld = limits.reject_old_samples && tsMs < nowMs - limits.reject_old_samples_max_age
  if (tooOld || tsMs < EARLIEST_MS) {
    const oldest = rfc3339Seconds(nowMs - limits.reject_old_samples_max_age)
    const message =
      `entry for stream '${stream}' has timestamp too old: ${rfc3339Seconds(tsMs)}, ` +
      `oldest acceptable timestamp is: ${oldest}`
    return { reason: 'greater_than_max_sample_age', message, keep: false }
  }
  if (tsMs > nowMs + limits.creation_grace_period) {
    const message = `entry for stream '${stream}' has timestamp too new: ${rfc3339Seconds(tsMs)}`
    return { reason: 'too_far_in_future', message, keep: false }
  }
  const fault = metadata.count === 0 ? undefined : metadataFault(metadata, stream, limits)
  const length = draft.lineTo[row] - draft.lineFrom[row]
  if (limits.max_line_size === 0 || length <= limits.max_line_size) return fault
  const limit = limits.max_line_size
  const message =
    `max entry size '${limit}' bytes exceeded for stream '${stream}' while adding an ` +
    `entry with length '${length}' bytes`
  if (!limits.max_line_size_truncate) return { reason: 'line_too_long', message, keep: false }
  if (fault !== undefined) return fault
  truncate(draft, row, limit, limits.max_line_size_truncate_identifier)
  return { reason: 'line_too_long', message, keep: true }
}

/** Cuts a line so that text and identifier fit the limit; the identifier goes over the bytes that are cut. */
function truncate(draft: DraftBatch, row: number, limit: number, identifier: string): void {
  const from = draft.lineFrom[row]
  const mark = Buffer.from(identifier).subarray(0, limit)
  draft.bytes.set(mark, from + limit - mark.length)
  draft.lineTo[row] = from + limit
}

const CONTACT = 'or contact your Loki administrator to'

function metadataFault(metadata: MetadataSet, stream: string, limits: Limits): EntryFault | undefined {
  if (!limits.allow_structured_metadata) {
    const message =
      `stream '${stream}' includes structured metadata, but this feature is ` +
      `disallowed. Please see \`limits_config.allow_structured_metadata\` ${CONTACT} enable it`
    return { reason: 'disallowed_structured_metadata', message, keep: false }
  }
  if (limits.max_structured_metadata_size > 0 && metadata.sizeBytes > limits.max_structured_metadata_size) {
    const message =
      `stream '${stream}' has structured metadata too large: '${metadata.sizeBytes}' ` +
      `bytes, limit: '${limits.max_structured_metadata_size}' bytes. Please see ` +
      `\`limits_config.max_structured_metadata_size\` ${CONTACT} increase it`
    return { reason: 'structured_metadata_too_large', message, keep: false }
  }
  const maxCount = limits.max_structured_metadata_entries_count
  if (maxCount > 0 && metadata.count > maxCount) {
    const message =
      `stream '${stream}' has too many structured metadata labels: ` +
      `'${metadata.count}', limit: '${maxCount}'. Please see ` +
      `\`limits_config.max_structured_metadata_entries_count\` ${CONTACT} increase it`
    return { reason: 'structured_metadata_too_many', message, keep: false }
  }
  if (metadata.badName !== undefined) {
    const message =
      `stream '${stream}' has a structured metadata name without any letter or digit: ` +
      `'${metadata.badName}'`
    return { reason: 'invalid_structured_metadata', message, keep: false }
  }
  return undefined
}

/** RFC 3339 in UTC without fraction, as Go's `time.RFC3339`. */
export function rfc3339Seconds(ms: number): string {
  const shown = Math.max(-62_135_596_800_000, Math.min(253_402_300_799_000, ms))
  return `${new Date(Math.floor(shown / 1000) * 1000).toISOString().slice(0, 19)}Z`
}
