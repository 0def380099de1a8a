/** How long a query may hold the event loop before it lets others run, milliseconds. */
const HOLD_MS = 10

/** Lets other work run now and then, and ends a query that nobody waits for any more. */
export class Pace {
  readonly #signal: AbortSignal
  #heldSince = performance.now()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Whether it is time to call {@link rest}. */
  get due(): boolean {
    return performance.now() - this.#heldSince > HOLD_MS
  }

  /** @throws the signal's reason once it is aborted */
  check(): void {
    this.#signal.throwIfAborted()
  }

  /** Gives the event loop a turn. @throws the signal's reason once it is aborted */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#heldSince = performance.now()
    this.check()
  }
}
