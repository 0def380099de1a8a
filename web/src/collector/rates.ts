import type { FlowReport } from './api.ts'

/** Lines and bytes of them per second. */
export interface Rate {
  readonly lines: number
  /** Null where only lines are counted. */
  readonly bytes: number | null
}

/** How much a component takes, passes on and drops; rates are null until there are two reports. */
export interface ComponentRates {
  /** From other components, or, of a source, from outside; null for what takes nothing from anywhere. */
  readonly taken: Rate | null
  /** To other components, or to servers. */
  readonly passed: Rate | null
  readonly dropped: readonly { readonly reason: string; readonly lines: number; readonly perSecond: number }[]
}

/** The rates between two reports. */
export interface FlowRates {
  /** By the ids of both ends, joined by {@link edgeKey}. */
  readonly edges: ReadonlyMap<string, Rate>
  readonly components: ReadonlyMap<string, ComponentRates>
}

/** The key of an edge. */
export function edgeKey(from: string, to: string): string {
  return `${from} ${to}`
}

interface Total {
  lines: number
  bytes: number | null
}

/**
 * Rates of what came between two reports. A collector that has begun anew counts from zero, so then there are
 * none. Without an earlier report there are only totals of drops.
 */
export function flowRates(before: FlowReport | null, now: FlowReport): FlowRates {
  const seconds = before === null ? 0 : (now.timeMs - before.timeMs) / 1000
  const [was, is] = [totals(before), totals(now)]
  const rate = (map: 'edges' | 'taken' | 'passed', key: string): Rate | null => {
    const total = is[map].get(key)
    if (total === undefined || seconds <= 0) return null
    const old = was[map].get(key) ?? { lines: 0, bytes: 0 }
    if (total.lines < old.lines) return null
    const bytes = total.bytes === null ? null : (total.bytes - (old.bytes ?? 0)) / seconds
    return { lines: (total.lines - old.lines) / seconds, bytes }
  }
  const edges = [...is.edges.keys()].flatMap((key) => {
    const one = rate('edges', key)
    return one === null ? [] : [[key, one] as const]
  })
  const components = now.components.map(({ id, dropped }) => {
    const old = before?.components.find((one) => one.id === id)?.dropped ?? []
    const drops = dropped.map(({ reason, entries }) => {
      const gone = entries - (old.find((one) => one.reason === reason)?.entries ?? 0)
      return { reason, lines: entries, perSecond: seconds > 0 ? Math.max(0, gone) / seconds : 0 }
    })
    return [id, { taken: rate('taken', id), passed: rate('passed', id), dropped: drops }] as const
  })
  return { edges: new Map(edges), components: new Map(components) }
}

function totals(report: FlowReport | null) {
  const edges = new Map<string, Total>()
  const taken = new Map<string, Total>()
  const passed = new Map<string, Total>()
  const add = (map: Map<string, Total>, key: string, entries: number, bytes: number | undefined) => {
    const total = map.get(key) ?? { lines: 0, bytes: 0 }
    map.set(key, total)
    total.lines += entries
    total.bytes = total.bytes === null || bytes === undefined ? null : total.bytes + bytes
  }
  for (const { from, to, entries, bytes } of report?.edges ?? []) {
    add(edges, edgeKey(from, to), entries, bytes)
    add(passed, from, entries, bytes)
    add(taken, to, entries, bytes)
  }
  for (const { id, sent, read } of report?.components ?? []) {
    if (read !== undefined) add(taken, id, read.entries, read.bytes)
    if (sent !== undefined) add(passed, id, sent.entries, sent.bytes)
  }
  return { edges, taken, passed }
}
