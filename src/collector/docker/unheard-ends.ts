import type { ContainerSummary } from './client.ts'

/** Tells which containers may have ended without an event that said so. */
export interface UnheardEnds {
  /** An event told that a container has ended. */
  heard(id: string): void
  /**
   * Of all containers that have ended, those that may have done so since `sinceMs`, when the list before was
   * asked for, unheard. None where there was no list before.
   */
  among(ended: readonly ContainerSummary[], sinceMs: number): string[]
  /** These have been looked at: the next list is compared with this one. */
  looked(ended: readonly ContainerSummary[]): void
}

/** An end that was heard is remembered for so long beyond the last list, for ages that are rounded. */
const MARGIN_MS = 10_000

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['second', 1000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
  ['week', 604_800_000],
  ['month', 2_592_000_000],
  ['year', 31_536_000_000],
])

/** Compares lists of ended containers, and remembers the events of the last moments. */
export function makeUnheardEnds(now: () => number = Date.now): UnheardEnds {
  const heardMs = new Map<string, number>()
  let known: ReadonlySet<string> | undefined
  return {
    heard(id) {
      heardMs.set(id, now())
    },
    among(ended, sinceMs) {
      const before = known
      if (before === undefined) return []
      for (const [id, atMs] of heardMs) if (atMs < sinceMs - MARGIN_MS) heardMs.delete(id)
      const windowMs = now() - sinceMs
      return ended
        .filter(({ Id, Status }) => !before.has(Id) || (leastAgeMs(Status) ?? windowMs) < windowMs)
        .map(({ Id }) => Id)
        .filter((id) => !heardMs.has(id))
    },
    looked(ended) {
      known = new Set(ended.map(({ Id }) => Id))
    },
  }
}

/**
 * How long ago at least a container has ended, by its status: "Exited (0) About a minute ago". `undefined`
 * where it does not say. Source: `HumanDuration` of Docker's go-units, which rounds from hours on.
 */
export function leastAgeMs(status: string | undefined): number | undefined {
  const [, count = '', unit = ''] = /(\d+|About an?|Less than a) (\w+?)s? ago$/.exec(status ?? '') ?? []
  const unitMs = UNITS_MS.get(unit)
  if (unitMs === undefined) return undefined
  const units = /^\d/.test(count) ? Number(count) : count.startsWith('About') ? 1 : 0
  return (unitMs < 3_600_000 ? units : Math.max(0, units - 1)) * unitMs
}
