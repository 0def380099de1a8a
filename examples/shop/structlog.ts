import type { DestinationStream } from 'pino'

/** The levels of Python's logging, as structlog writes them. */
export type StructlogLevel = 'debug' | 'info' | 'warning' | 'error' | 'critical'

/** Values bound to a logger or passed with an event. */
export type StructlogValues = Readonly<Record<string, unknown>>

/**
 * What the worker logs through: an event's name (a fixed word, never a sentence with values in it) and its
 * values.
 */
export interface Structlog {
  info(event: string, values?: StructlogValues): void
  warning(event: string, values?: StructlogValues): void
  error(event: string, values?: StructlogValues): void
  /** A logger that adds `values` to each line. */
  bind(values: StructlogValues): Structlog
}

/**
 * A logger that writes what Python's structlog writes with its JSONRenderer: first the values, then
 * `event`, `level`, `logger` and `timestamp`, one object per line.
 */
export function makeStructlog(
  logger: string,
  destination: DestinationStream,
  bound: StructlogValues = {},
): Structlog {
  const write = (level: StructlogLevel, event: string, values: StructlogValues = {}): void => {
    const timestamp = new Date().toISOString()
    destination.write(`${JSON.stringify({ ...bound, ...values, event, level, logger, timestamp })}\n`)
  }
  return {
    info: (event, values) => write('info', event, values),
    warning: (event, values) => write('warning', event, values),
    error: (event, values) => write('error', event, values),
    bind: (values) => makeStructlog(logger, destination, { ...bound, ...values }),
  }
}
