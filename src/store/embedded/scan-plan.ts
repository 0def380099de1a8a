import type { PlannedWindow, ScanPlan, SharedSegment, SharedWindows } from '../scan-plan.ts'
import type { ScanRequest, ScanWindow } from '../types.ts'
import type { ActiveDelete } from './delete-log.ts'
import { withoutDeleted } from './hidden-rows.ts'
import { makePacer } from './pacer.ts'
import {
  findSources,
  makeContext,
  planWindows,
  readWindow,
  type ScanEnvironment,
  type Snapshot,
} from './scan.ts'
import { emptyStats, type ScanContext, type Source } from './sources.ts'

/** A window with what lies in it. */
interface OwnWindow extends PlannedWindow {
  readonly spans: readonly Source[]
}

/**
 * Plans the scan of a request over the rows that are there when it is ready, without those that are hidden
 * by then.
 * The files stay until it is released.
 */
export function planScan(
  environment: ScanEnvironment,
  tenant: string,
  request: ScanRequest,
  deletesNow: () => readonly ActiveDelete[],
): ScanPlan {
  const stats = emptyStats()
  const context = makeContext(environment, request, stats)
  let snapshot: Snapshot | undefined
  let deletes: readonly ActiveDelete[] = []
  let orders: ReadonlyMap<Source, number> = new Map()
  let nextWindow: ReturnType<typeof planWindows> = () => undefined
  let costLeft = 0
  let isReleased = false
  const look = (): void => {
    if (isReleased) return
    snapshot = environment.snapshot(tenant)
    deletes = deletesNow()
    const streams = environment.catalog.select(tenant, request.matchers)
    const sources = findSources(snapshot, streams, context)
    orders = new Map(sources.map((source, order) => [source, order]))
    nextWindow = planWindows(sources, request)
    costLeft = sources.reduce((sum, { cost }) => sum + cost, 0)
  }
  const ready = environment.prepare(tenant, request)?.then(look)
  if (ready === undefined) look()
  // Who gives up before asking for it is not to be told.
  ready?.catch(() => undefined)
  return {
    stats,
    ready,
    get costLeft() {
      return Math.max(0, costLeft)
    },
    next() {
      const window = nextWindow()
      if (window === undefined) return undefined
      const cost = costOf(window.spans, window.fromMs, window.toMs)
      costLeft -= cost
      return { ...window, cost, inMemory: window.spans.some(({ place }) => place === undefined) } as OwnWindow
    },
    read: (windows, signal) =>
      withoutDeleted(readWindows(windows as readonly OwnWindow[], context, signal), deletes),
    share: (windows) => shareWindows(tenant, request, windows as readonly OwnWindow[], orders, deletes),
    release() {
      if (isReleased) return
      isReleased = true
      snapshot?.release()
    },
  }
}

/** The cost of sources as far as they lie in a window, their rows taken as spread evenly. */
function costOf(spans: readonly Source[], fromMs: number, toMs: number): number {
  let cost = 0
  for (const span of spans) {
    const inside = Math.min(span.maxMs + 1, toMs) - Math.max(span.minMs, fromMs)
    cost += (span.cost * inside) / (span.maxMs + 1 - span.minMs)
  }
  return cost
}

async function* readWindows(
  windows: readonly OwnWindow[],
  context: ScanContext,
  signal: AbortSignal,
): AsyncGenerator<ScanWindow, void, undefined> {
  const pause = makePacer()
  for (const { fromMs, toMs, spans } of windows) {
    const inside = spansIn(spans, fromMs, toMs)
    const batches = await readWindow({ fromMs, toMs, spans: inside }, context, pause, signal)
    if (batches.length > 0) yield { fromMs, toMs, batches }
  }
}

/** The sources that may have rows in a window. */
export function spansIn(spans: readonly Source[], fromMs: number, toMs: number): Source[] {
  return spans.filter((span) => span.minMs < toMs && span.maxMs >= fromMs)
}

function shareWindows(
  tenant: string,
  { direction }: ScanRequest,
  windows: readonly OwnWindow[],
  orders: ReadonlyMap<Source, number>,
  deletes: readonly ActiveDelete[],
): SharedWindows {
  const used = new Set(windows.flatMap(({ spans, fromMs, toMs }) => spansIn(spans, fromMs, toMs)))
  const inOrder = [...used].sort((a, b) => (orders.get(a) ?? 0) - (orders.get(b) ?? 0))
  const bySegment = new Map<string, { sizeBytes: number; blocks: number[] }>()
  // All blocks of a segment follow one another.
  for (const { place } of inOrder) {
    if (place === undefined) continue
    const { segment, block } = place
    const known = bySegment.get(segment.path)
    if (known === undefined) bySegment.set(segment.path, { sizeBytes: segment.sizeBytes, blocks: [block] })
    else known.blocks.push(block)
  }
  const segments: SharedSegment[] = [...bySegment].map(([path, { sizeBytes, blocks }]) => ({
    path,
    sizeBytes,
    blocks: Uint32Array.from(blocks),
  }))
  return {
    tenant,
    direction,
    windows: windows.map(({ fromMs, toMs }) => [fromMs, toMs] as const),
    segments,
    deletes: deletes.map(({ request }) => request),
  }
}
