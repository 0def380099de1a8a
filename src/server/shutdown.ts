/** How a server ends, and whether it has begun to. */
export interface Shutdown {
  /** Whether requests that write or query are still taken. */
  readonly isOpen: boolean
  /** The mark of `/ingester/prepare_shutdown`. */
  isPrepared: boolean
  /** Takes nothing new in from now on. */
  stopTaking(): void
  /** Ends the process as a signal would; nothing where the server is a part of another program. */
  terminate(): void
}

/** A server that is open. `onTerminate` ends the process. */
export function makeShutdown(onTerminate: () => void = () => undefined): Shutdown {
  let open = true
  return {
    isPrepared: false,
    get isOpen() {
      return open
    },
    stopTaking() {
      open = false
    },
    terminate: onTerminate,
  }
}
