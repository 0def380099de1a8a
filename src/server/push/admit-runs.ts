import { printIecSize, printSize } from '#base/size.ts'
import { timestampText } from '#base/timestamp.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { AppendResult, EntryBatch, EntryRun } from '#store/types.ts'
import type { ActiveStreams } from './active-streams.ts'
import type { AssembledBatch } from './assemble.ts'
import { rfc3339Seconds } from './entry-checks.ts'
import type { Rejections } from './rejections.ts'

/** A refusal by what stands behind the checks of entries: rates, stream counts, the out-of-order window. */
export interface LateRefusal {
  readonly status: number
  readonly message: string
}

/** Leaves out the streams over their limits. The batch is returned as it is where there are none. */
export function admitRuns(
  { batch, runBytes }: AssembledBatch,
  active: ActiveStreams,
  tenant: string,
  limits: Limits,
  rejections: Rejections,
  nowMs: number,
): { batch: EntryBatch; refusals: LateRefusal[] } {
  const refusals: LateRefusal[] = []
  const kept: EntryRun[] = []
  batch.runs.forEach((run, i) => {
    const verdict = active.admit(run.key, runBytes[i], limits, nowMs)
    if (verdict === 'ok') {
      kept.push(run)
      return
    }
    rejections.count(verdict, run.to - run.from, runBytes[i])
    const message =
      verdict === 'stream_limit'
        ? streamLimitText(run.key, tenant)
        : rateText(batch, run, runBytes[i], tenant, limits)
    refusals.push({ status: 429, message })
  })
  return { batch: kept.length === batch.runs.length ? batch : { ...batch, runs: kept }, refusals }
}

/** A size the way Loki writes it in this text: `700B`, `1KB`. */
function goSize(bytes: number): string {
  return printIecSize(bytes).replace(/ (?:(.)i)?B$/, '$1B')
}

const RAISE = 'or contact your Loki administrator to see if the limit can be increased'

function streamLimitText(key: string, tenant: string): string {
  return (
    `maximum active stream limit exceeded when trying to create stream ${key}, reduce the number of ` +
    `active streams ` +
    `(reduce labels or reduce label values), ${RAISE}, user: '${tenant}'`
  )
}

function rateText(batch: EntryBatch, run: EntryRun, bytes: number, tenant: string, limits: Limits): string {
  const limit = printSize(limits.per_stream_rate_limit)
  const reason =
    `Per stream rate limit exceeded (limit: ${limit}/sec) while attempting to ingest for stream ` +
    `'${run.key}' ` +
    `totaling ${goSize(bytes)}, consider splitting a stream ` +
    `via additional labels ${RAISE}`
  const rows = [run.from]
  const all = run.to - run.from
  return ignoredText(batch, rows, () => reason, { all, ignored: all, tenant, key: run.key })
}

/** The refusals of rows that the store found too far behind, one text per stream. */
export function tooFarBehind(
  batch: EntryBatch,
  { rejected }: AppendResult,
  tenant: string,
  maxListed: number,
  rejections: Rejections,
): LateRefusal[] {
  return batch.runs.flatMap((run) => {
    const rows = rejected.filter(({ row }) => row >= run.from && row < run.to)
    if (rows.length === 0) return []
    const bytes = rows.reduce((sum, { row }) => sum + batch.lineTo[row] - batch.lineFrom[row], 0)
    rejections.count('too_far_behind', rows.length, bytes)
    const oldest = new Map(rows.map(({ row, oldestMs }) => [row, oldestMs]))
    const reason = (row: number): string =>
      `entry too far behind, entry timestamp is: ${rfc3339Seconds(batch.tsMs[row])}, ` +
      `oldest acceptable timestamp is: ${rfc3339Seconds(oldest.get(row) ?? 0)}`
    const listed = rows.slice(0, maxListed).map(({ row }) => row)
    const counts = { all: run.to - run.from, ignored: rows.length, tenant, key: run.key }
    return [{ status: 400, message: ignoredText(batch, listed, reason, counts) }]
  })
}

interface IgnoredCounts {
  readonly all: number
  readonly ignored: number
  readonly tenant: string
  readonly key: string
}

/** Loki's text of several lines: one per entry, then the sum. */
function ignoredText(
  batch: EntryBatch,
  rows: readonly number[],
  reason: (row: number) => string,
  { all, ignored, tenant, key }: IgnoredCounts,
): string {
  const lines = rows.map((row) => {
    const moment = goTime(batch.tsMs[row], batch.tsNs[row])
    return `entry with timestamp ${moment} ignored, reason: '${reason(row)}',`
  })
  return `${lines.join('\n')}\nuser '${tenant}', total ignored: ${ignored} out of ${all} for stream: ${key}`
}

/** Go's default print of a UTC time: `2026-11-21 17:33:55.34954368 +0000 UTC`, trailing zeros left off. */
function goTime(ms: number, ns: number): string {
  const date = new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ')
  const fraction = timestampText(((ms % 1000) + 1000) % 1000, ns)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${date}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`
}
