import { pino } from 'pino'
import { logfmtStream } from './logfmt.ts'

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

/** How log lines are written. */
export type LogFormat = 'json' | 'logfmt'

/** Structured lines on standard error, which leaves standard output to the commands' own answers. */
export function makeLogger(level: LogLevel = 'info', format: LogFormat = 'json'): Logger & { level: string } {
  const out = pino.destination({ fd: 2, sync: true })
  return pino(
    {
      level,
      base: undefined,
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'json' ? out : logfmtStream((line) => out.write(line)),
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
