import { type Delivery, makeDelivery } from './pipeline.ts'

/** Turns deliveries that finish in any order into a place that only moves forward. */
export interface DeliveryOrder<Place> {
  /**
   * A delivery for the lines up to `place`, which follow those of the delivery made before. `onRead` as in
   * `makeDelivery`.
   */
  track(place: Place, onRead?: () => void): Delivery
  /** Deliveries under way. */
  readonly pending: number
  /** Resolves when nothing is under way, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>
  /** Forgets what is under way: it no longer moves the place. */
  abandon(): void
}

/**
 * Calls `commit` with a place once its lines and all lines before it have been delivered. Batches of one
 * source may reach servers out of order (by tenant, by endpoint); a durable position may never pass one that
 * has not arrived.
 */
export function orderDeliveries<Place>(commit: (place: Place) => void): DeliveryOrder<Place> {
  let queue: { place: Place; done: boolean }[] = []
  let waiting: (() => void)[] = []
  const track = (place: Place, onRead?: () => void): Delivery => {
    const item = { place, done: false }
    queue.push(item)
    return makeDelivery(() => {
      item.done = true
      if (queue[0] !== item) return
      let finished = 0
      while (finished < queue.length && queue[finished].done) finished++
      const last = queue[finished - 1]
      queue.splice(0, finished)
      commit(last.place)
      if (queue.length === 0) wake()
    }, onRead)
  }
  const wake = (): void => {
    for (const resolve of waiting) resolve()
    waiting = []
  }
  return {
    track,
    get pending() {
      return queue.length
    },
    settled(timeoutMs) {
      if (queue.length === 0) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    },
    abandon() {
      queue = []
      wake()
    },
  }
}
