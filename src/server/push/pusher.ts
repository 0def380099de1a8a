import type { Logger } from '#base/logger.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { EntryBatch, LogStore } from '#store/types.ts'
import type { ServerMetrics } from '../metrics.ts'
import type { TenantLimits } from '../tenant-limits.ts'
import { type ActiveStreams, makeActiveStreams } from './active-streams.ts'
import { admitRuns, type LateRefusal, tooFarBehind } from './admit-runs.ts'
import { type AssembledBatch, type AssembleRules, assembleBatch, BLOCKED_BY_POLICY } from './assemble.ts'
import type { DraftBatch } from './draft-batch.ts'
import { rfc3339Seconds } from './entry-checks.ts'
import { compileLineLevels } from './level-line.ts'
import { PushError } from './push-error.ts'
import { makeRejections, type Rejections } from './rejections.ts'
import { makeStreamResolver } from './stream-labels.ts'
import { makeTokenBucket, type TokenBucket, takeTokens } from './token-bucket.ts'

/** Takes decoded pushes in: validates, limits, stores, counts. */
export interface Pusher {
  /**
   * Stores what is valid of a draft; resolves once that is durable.
   * @throws PushError with Loki's status and text when anything was refused; the rest is stored all the same
   */
  push(tenant: string, draft: DraftBatch, format: string): Promise<void>
  /** Streams of all tenants that have been pushed to of late. */
  activeStreams(): number
}

interface TenantState {
  rules: AssembleRules
  readonly active: ActiveStreams
  readonly bucket: TokenBucket
}

/** What a pusher needs. */
export interface PusherOptions {
  readonly config: LokiConfig
  readonly store: LogStore
  readonly limits: TenantLimits
  readonly metrics: () => ServerMetrics
  readonly logger: Logger
  /** The clock, ms. Default `Date.now`. */
  readonly now?: () => number
}

/** Makes the pusher of a server. */
export function makePusher(options: PusherOptions): Pusher {
  const { config, limits: tenantLimits, now = Date.now } = options
  const tenants = new Map<string, TenantState>()
  const stateOf = (tenant: string): TenantState => {
    const limits = tenantLimits.of(tenant)
    let state = tenants.get(tenant)
    if (state === undefined) {
      const active = makeActiveStreams(config.ingester.chunk_idle_period)
      const bucket = makeTokenBucket(limits.ingestion_burst_size_mb * 2 ** 20, now())
      state = { rules: makeRules(tenant, limits), active, bucket }
      tenants.set(tenant, state)
    } else if (state.rules.limits !== limits) {
      state.rules = makeRules(tenant, limits)
    }
    return state
  }
  return {
    activeStreams: () => [...tenants.values()].reduce((sum, { active }) => sum + active.size, 0),
    async push(tenant, draft, format) {
      const state = stateOf(tenant)
      const { limits } = state.rules
      const nowMs = now()
      if (blocked(tenant, limits, nowMs)) return
      const rejections = makeRejections()
      const assembled = assembleBatch(draft, state.rules, rejections, nowMs)
      try {
        const late = await storeBatch(options, state, tenant, assembled, rejections, nowMs)
        const refusal = answerOf(rejections, late, limits)
        if (refusal !== undefined) throw refusal
      } finally {
        countPush(options.metrics(), tenant, format, assembled, rejections, limits)
      }
    },
  }
}

/** Holds a validated batch against rates and stream counts and stores the rest; returns late refusals. */
async function storeBatch(
  { config, store, metrics }: PusherOptions,
  state: TenantState,
  tenant: string,
  assembled: AssembledBatch,
  rejections: Rejections,
  nowMs: number,
): Promise<LateRefusal[]> {
  if (assembled.batch.rows === 0) return []
  const { limits } = state.rules
  takeRate(assembled, state, tenant, nowMs, rejections)
  const { batch, refusals } = admitRuns(assembled, state.active, tenant, limits, rejections, nowMs)
  if (batch.runs.length === 0) return refusals
  const result = await store.append(tenant, batch)
  if (result.duplicates > 0) metrics().duplicates.inc({ tenant }, result.duplicates)
  if (result.rejected.length === 0) return refusals
  const maxListed = config.ingester.max_returned_stream_errors
  return [...refusals, ...tooFarBehind(batch, result, tenant, maxListed, rejections)]
}

function makeRules(tenant: string, limits: Limits): AssembleRules {
  return {
    tenant,
    limits,
    resolve: makeStreamResolver(limits, tenant),
    lineLevels: compileLineLevels(limits.log_level_fields, limits.log_level_from_json_max_depth),
  }
}

/** Whether the push is to be dropped without a word; throws where it is to be refused. */
function blocked(tenant: string, limits: Limits, nowMs: number): boolean {
  const { block_ingestion_until: untilMs, block_ingestion_status_code: status } = limits
  if (untilMs <= nowMs) return false
  if (status === 200) return true
  const until = rfc3339Seconds(untilMs)
  throw new PushError(
    status,
    `ingestion blocked for user '${tenant}' until '${until}' with status code '${status}'`,
  )
}

function takeRate(
  { batch, bytes }: AssembledBatch,
  { bucket, rules }: TenantState,
  tenant: string,
  nowMs: number,
  rejections: Rejections,
): void {
  const rate = rules.limits.ingestion_rate_mb * 2 ** 20
  if (takeTokens(bucket, bytes, rate, rules.limits.ingestion_burst_size_mb * 2 ** 20, nowMs)) return
  rejections.count('rate_limited', batch.rows, bytes)
  const message =
    `ingestion rate limit exceeded for user ${tenant} (limit: ${Math.round(rate)} bytes/sec) while ` +
    `attempting to ingest ` +
    `'${batch.rows}' lines totaling '${bytes}' bytes, reduce log volume or contact your Loki ` +
    `administrator to see if ` +
    'the limit can be increased'
  throw new PushError(429, message)
}

function answerOf(
  rejections: Rejections,
  late: readonly LateRefusal[],
  limits: Limits,
): PushError | undefined {
  const validation = rejections.text()
  if (late.length > 0) {
    const status = late.some((refusal) => refusal.status === 429) ? 429 : 400
    const texts = [
      ...late.map((refusal) => refusal.message),
      ...(validation === undefined ? [] : [validation]),
    ]
    return new PushError(status, texts.join('\n'))
  }
  if (validation === undefined) return undefined
  const isPolicy = [...rejections.counts.keys()].every((reason) => reason === BLOCKED_BY_POLICY)
  return new PushError(isPolicy ? limits.block_ingestion_status_code : 400, validation)
}

function countPush(
  metrics: ServerMetrics,
  tenant: string,
  format: string,
  { batch, bytes }: { batch: EntryBatch; bytes: number },
  rejections: Rejections,
  limits: Limits,
): void {
  const hours = limits.retention_period === 0 ? '' : String(limits.retention_period / 3_600_000)
  const labels = { tenant, is_internal_stream: 'false', policy: '', format }
  if (batch.rows > 0) {
    metrics.bytesReceived.inc({ ...labels, retention_hours: hours }, bytes)
    metrics.linesReceived.inc(labels, batch.rows)
  }
  for (const [reason, lost] of rejections.counts) {
    const discarded = { reason, tenant, retention_hours: hours, policy: '', format }
    metrics.discardedLines.inc(discarded, lost.lines)
    metrics.discardedBytes.inc(discarded, lost.bytes)
  }
}
