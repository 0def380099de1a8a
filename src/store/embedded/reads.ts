import type { PlanScan } from '../scan-plan.ts'
import type { LabelMatcher, LogStore, Scan, ScanRequest, TimeRange } from '../types.ts'
import type { CountReader } from './counts.ts'
import { CutMinutes } from './cut-minutes.ts'
import type { ActiveDelete, DeleteLog } from './delete-log.ts'
import type { Head } from './head.ts'
import type { HeadSet } from './head-set.ts'
import { countHidden } from './hidden-counts.ts'
import { hideDeleted, overlaps } from './hidden-rows.ts'
import { findSeries, namesOf, sumPieces, valuesOf } from './metadata-queries.ts'
import { makeScan, type ScanEnvironment, type Snapshot } from './scan.ts'
import { planScan } from './scan-plan.ts'
import type { SegmentSet } from './segment-set.ts'
import type { Stream } from './stream.ts'

/** Views of a tenant's rows that stay the same while heads are flushed and segments dropped. */
export interface Snapshots {
  /** Everything with rows of a tenant. */
  all(tenant: string): Snapshot
  /** The same without the head that takes rows. */
  settled(tenant: string): Snapshot
  /** `SegmentSet.prepare`. */
  prepare(tenant: string, range: TimeRange): Promise<void> | undefined
  /** Whether any is held, and so something is being read. */
  isHeld(): boolean
}

/** Segments and heads are looked at in one step, so that a flush is seen before or after, never halfway. */
export function makeSnapshots(segments: SegmentSet, heads: HeadSet): Snapshots {
  let held = 0
  const take = (tenant: string, taken: readonly Head[]): Snapshot => {
    const pinned = segments.of(tenant)
    segments.pin(pinned)
    held++
    const release = (): void => {
      held--
      segments.unpin(pinned)
    }
    return { segments: pinned, heads: taken, release }
  }
  return {
    all: (tenant) => take(tenant, heads.all()),
    settled: (tenant) => take(tenant, heads.sealed()),
    prepare: (tenant, range) => segments.prepare(tenant, range),
    isHeld: () => held > 0,
  }
}

/** What the reading methods of a store work with. */
export interface ReadEnvironment extends ScanEnvironment {
  readonly counters: CountReader
  readonly segments: SegmentSet
  readonly heads: HeadSet
  readonly deletes: DeleteLog
}

type Reads = Pick<
  LogStore,
  'scan' | 'counts' | 'series' | 'labelNames' | 'labelValues' | 'indexStats' | 'tenants'
> & { readonly planScan: PlanScan }

/** The reading half of the store. */
export function makeReads(environment: ReadEnvironment): Reads {
  const { catalog, counters, segments, heads, deletes, prepare, snapshot } = environment
  const withSnapshot = async <T>(tenant: string, read: (taken: Snapshot) => T | Promise<T>): Promise<T> => {
    const taken = snapshot(tenant)
    try {
      return await read(taken)
    } finally {
      taken.release()
    }
  }
  const seriesOf = async (
    tenant: string,
    matchers: readonly LabelMatcher[],
    range: TimeRange,
  ): Promise<Stream[]> => {
    await segments.prepareEdges(tenant, range)
    return await withSnapshot(tenant, (taken) => findSeries(catalog, taken, tenant, matchers, range))
  }
  const hidden = (tenant: string, { fromMs, toMs }: TimeRange): readonly ActiveDelete[] => {
    const active = deletes.active(tenant)
    return active.length === 0 ? active : active.filter((each) => overlaps(each, fromMs, toMs))
  }
  return {
    scan: (tenant, request, signal) => {
      const scan = makeScan(environment, tenant, request, signal)
      // Whoever asks now may begin to read later.
      return hideDeleted(scan, () => hidden(tenant, request))
    },
    planScan: (tenant, request) => planScan(environment, tenant, request, () => hidden(tenant, request)),
    counts: async (tenant, matchers, time) => {
      // Rows in the millisecond after the last one are not meant, but what begins there is looked at.
      const range = { fromMs: time.fromMs, toMs: time.toMs + 1 }
      // Where any are hidden, the scans of those begin at once, too.
      const isHidden = hidden(tenant, range).length > 0
      const minutes = new CutMinutes(time)
      await (isHidden
        ? prepare(tenant, range)
        : segments.prepareWanted(tenant, ({ properties }) => minutes.isAcross(properties)))
      const counting = withSnapshot(tenant, (taken) =>
        counters.count(catalog, taken, tenant, matchers, minutes),
      )
      const requests = hidden(tenant, range)
      if (requests.length === 0) return counting
      const scan = (request: ScanRequest): Scan => makeScan(environment, tenant, request, undefined)
      const [runs, counted] = await Promise.all([counting, countHidden(requests, matchers, time, scan)])
      return runs && counted.subtractFrom(runs)
    },
    series: seriesOf,
    labelNames: async (tenant, matchers, range) => namesOf(await seriesOf(tenant, matchers, range)),
    labelValues: async (tenant, name, matchers, range) =>
      valuesOf(await seriesOf(tenant, matchers, range), name),
    indexStats: async (tenant, matchers, range) => {
      await prepare(tenant, range)
      return await withSnapshot(tenant, (taken) => sumPieces(catalog, taken, tenant, matchers, range))
    },
    tenants: async () => {
      const names = new Set(segments.tenants())
      for (const head of heads.all()) for (const stream of head.streams.keys()) names.add(stream.tenant)
      return [...names].sort()
    },
  }
}
