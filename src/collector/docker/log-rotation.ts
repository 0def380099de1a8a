/** How a container's log is kept, as the engine tells it. */
export interface LogConfig {
  readonly Type: string
  readonly Config?: Readonly<Record<string, string>> | null
}

/** What the driver `local` does where nothing is configured. */
const LOCAL_DRIVER_BYTES = 20 * 1024 * 1024
/** The engine counts in thousands here. */
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }
/** More than an engine writes of one container. */
const FASTEST_BYTES_PER_MS = 50_000
const SHORTEST_PAUSE_MS = 20

/** The size at which the engine begins another log file; `undefined` where it never does. */
export function rotatedBytes(config: LogConfig | null | undefined): number | undefined {
  const match = /^(\d+)([kmg]?)b?$/.exec((config?.Config?.['max-size'] ?? '').toLowerCase())
  if (match !== null) return Number(match[1]) * UNITS[match[2]]
  return config?.Type === 'local' ? LOCAL_DRIVER_BYTES : undefined
}

/**
 * Whether an engine, by its `Server` header, loses lines of a rotating log that it follows: Docker before 23
 * skips whole files at the first rotation after the log was opened, if it had been rotated before (seen with
 * 20.10.24: every time that a file was begun while the engine was still sending the ones before). What has
 * been written can be read back from such an engine, but not followed.
 */
export function skipsRotatedFiles(server: string): boolean {
  const match = /^Docker\/(\d+)\./.exec(server)
  return match !== null && Number(match[1]) < 23
}

/** Longer than a line waits for the log to be free, on a machine that does little else than writing. */
const LATE_LINE_S = 30

/**
 * How far before the last known line an engine must be asked from. Docker before 23 leaves out every line
 * that is older than what was asked for: also one that had to wait, and lies behind newer ones of the other
 * stream. Later ones leave nothing out once a line is new enough, and the last known line is.
 */
export function marginSeconds(server: string): number {
  const match = /^Docker\/(\d+)\./.exec(server)
  return match !== null && Number(match[1]) >= 23 ? 0 : LATE_LINE_S
}

/**
 * How long reading may pause before the log must be opened again. An engine that follows a log notices a
 * rotation only when it has sent the file before; when the log was rotated twice by then, it goes on with the
 * newest file and never sends those between (seen with 20.10). All are still there for who opens the log.
 */
export function longestPauseMs(rotated: number | undefined): number {
  if (rotated === undefined) return Number.POSITIVE_INFINITY
  return Math.max(SHORTEST_PAUSE_MS, rotated / FASTEST_BYTES_PER_MS)
}
