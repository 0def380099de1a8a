import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { EntryBatch } from '../types.ts'

type Listener = (batch: EntryBatch) => void

/** Who wants to see rows as they come in. */
export class Subscriptions {
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Returns the way to stop. */
  add(tenant: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(tenant) ?? new Set()
    this.#listeners.set(tenant, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(tenant) === listeners) this.#listeners.delete(tenant)
    }
  }

  /** A listener that throws must not make a stored push look failed. */
  publish(tenant: string, batch: EntryBatch): void {
    for (const listener of this.#listeners.get(tenant) ?? []) {
      try {
        listener(batch)
      } catch (thrown) {
        this.#logger.error({ tenant, error: errorMessage(thrown) }, 'a live tail failed on a batch of rows')
      }
    }
  }
}
