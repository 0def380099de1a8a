/** Lets at most a fixed number of holders in at a time; the others wait in line. */
export interface Semaphore {
  /** Resolves to the function that gives the place back (calling it again does nothing). */
  acquire(): Promise<() => void>
}

/** A semaphore with `places` places. */
export function makeSemaphore(places: number): Semaphore {
  let free = places
  const line: (() => void)[] = []
  const release = (): void => {
    const next = line.shift()
    if (next === undefined) free++
    else next()
  }
  return {
    async acquire() {
      if (free > 0) free--
      else await new Promise<void>((resolve) => line.push(resolve))
      let held = true
      return () => {
        if (held) release()
        held = false
      }
    },
  }
}
