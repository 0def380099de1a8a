/** Containers that have just started or stopped, which a list of running ones may not show. */
export interface RecentContainers {
  /** Takes an event of the daemon: `start`, `die`, `destroy`. */
  note(id: string, action: string): void
  /** The containers to ask for beside the running ones. */
  ids(): string[]
  /** The daemon has been asked for these. */
  asked(ids: readonly string[]): void
  /** Milliseconds until the next of them is forgotten; infinite when there is none. */
  nextExpiryMs(): number
}

/** How long a container stays a target after it has started or stopped. */
const KEEP_MS = 10_000

/**
 * Keeps containers in mind for ten seconds after their last event, until they are destroyed. One that could
 * not be asked for in that time, as the daemon did not answer, is kept until it has been.
 */
export function makeRecentContainers(now: () => number = Date.now): RecentContainers {
  const known = new Map<string, { readonly untilMs: number; isAsked: boolean }>()
  const forget = (): void => {
    for (const [id, { untilMs, isAsked }] of known) if (isAsked && untilMs <= now()) known.delete(id)
  }
  return {
    note(id, action) {
      if (action === 'destroy') known.delete(id)
      else known.set(id, { untilMs: now() + KEEP_MS, isAsked: false })
    },
    ids() {
      forget()
      return [...known.keys()]
    },
    asked(ids) {
      for (const id of ids) {
        const container = known.get(id)
        if (container !== undefined) container.isAsked = true
      }
    },
    nextExpiryMs() {
      forget()
      const left = [...known.values()].map(({ untilMs }) => Math.max(0, untilMs - now()))
      return Math.min(Number.POSITIVE_INFINITY, ...left)
    },
  }
}
