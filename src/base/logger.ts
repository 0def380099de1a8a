import { pino } from 'pino'

/** The levels Loki's and Alloy's `log_level` settings know. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What every part of Logboom logs through. Fields first, then the message, as pino does. */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
  /** A logger that adds `fields` to each line. */
  child(fields: Record<string, unknown>): Logger
}

/** Structured JSON lines on standard error, which leaves standard output to the commands' own answers. */
export function makeLogger(level: LogLevel = 'info'): Logger & { level: string } {
  return pino(
    {
      level,
      base: undefined,
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  )
}

/** Swallows everything: for tests and for library use. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}
