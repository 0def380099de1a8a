/** Containers that have just started or stopped, which a list of running ones may not show. */
export interface RecentContainers {
  /** Takes an event of the daemon: `start`, `die`, `destroy`. */
  note(id: string, action: string): void
  /** The containers to ask for beside the running ones. */
  ids(): string[]
  /** Milliseconds until the next of them is forgotten; infinite when there is none. */
  nextExpiryMs(): number
}

/** How long a container stays a target after it has started or stopped. */
const KEEP_MS = 10_000

/** Keeps containers in mind for ten seconds after their last event, until they are destroyed. */
export function makeRecentContainers(now: () => number = Date.now): RecentContainers {
  const untilMs = new Map<string, number>()
  const forget = (): void => {
    for (const [id, until] of untilMs) if (until <= now()) untilMs.delete(id)
  }
  return {
    note(id, action) {
      if (action === 'destroy') untilMs.delete(id)
      else untilMs.set(id, now() + KEEP_MS)
    },
    ids() {
      forget()
      return [...untilMs.keys()]
    },
    nextExpiryMs() {
      forget()
      return Math.min(Number.POSITIVE_INFINITY, ...[...untilMs.values()].map((until) => until - now()))
    },
  }
}
