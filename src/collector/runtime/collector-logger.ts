import { makeLabels } from '#base/labels.ts'
import type { Logger, LogLevel } from '#base/logger.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import type { LoggingArgs } from './config-block.ts'
import { jsonLine, logfmtLine } from './log-line.ts'
import { withoutCredentials } from './without-credentials.ts'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
/** Lines kept until the `logging` block has been evaluated for the first time. */
const MAX_BUFFERED = 1000

/** The logger of the collector and its components, which follows the `logging` block. */
export interface CollectorLogger {
  readonly logger: Logger
  /** Takes the settings of the block; `undefined` where there is none, which brings back the defaults. */
  configure(args: LoggingArgs | undefined): void
}

interface Settings {
  readonly level: LogLevel
  readonly format: string
  readonly writeTo: readonly LogsReceiver[]
}

/**
 * Makes the collector's logger. Lines that pass the configured level go to `target` where one is given (the
 * process has its own format then), else to standard error as logfmt or JSON; and to the `write_to`
 * receivers, as a stream `{component="alloy"}`, without ever waiting for them. Lines before the first
 * `configure` are kept until then.
 */
export function makeCollectorLogger(target: Logger | undefined, write = writeStderr): CollectorLogger {
  let settings: Settings = { level: 'info', format: 'logfmt', writeTo: [] }
  let buffered: (() => void)[] | undefined = []
  const busy = new Set<LogsReceiver>()

  const emit = (level: LogLevel, fields: Record<string, unknown>, message: string): void => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(settings.level)) return
    const line = withoutCredentials(logfmtLine(level, message, fields))
    if (target !== undefined) target[level](fields, message)
    else
      write(`${settings.format === 'json' ? withoutCredentials(jsonLine(level, message, fields)) : line}\n`)
    for (const receiver of settings.writeTo) forward(receiver, line, busy)
  }
  const log = (level: LogLevel, fields: Record<string, unknown>, message: string): void => {
    if (buffered === undefined) emit(level, fields, message)
    else if (buffered.length < MAX_BUFFERED) buffered.push(() => emit(level, fields, message))
  }
  const withFields = (base: Record<string, unknown>): Logger => ({
    debug: (fields, message) => log('debug', { ...base, ...fields }, message),
    info: (fields, message) => log('info', { ...base, ...fields }, message),
    warn: (fields, message) => log('warn', { ...base, ...fields }, message),
    error: (fields, message) => log('error', { ...base, ...fields }, message),
    child: (fields) => withFields({ ...base, ...fields }),
  })
  return {
    logger: withFields({}),
    configure: (args) => {
      settings = {
        level: LEVELS.find((level) => level === args?.level) ?? 'info',
        format: args?.format === 'json' ? 'json' : 'logfmt',
        writeTo: (args?.write_to ?? []) as readonly LogsReceiver[],
      }
      const waiting = buffered ?? []
      buffered = undefined
      for (const emitLine of waiting) emitLine()
    },
  }
}

function writeStderr(text: string): void {
  process.stderr.write(text)
}

/**
 * Hands a line to a receiver, unless it has not yet taken the one before: logging must never wait for a sink.
 */
function forward(receiver: LogsReceiver, line: string, busy: Set<LogsReceiver>): void {
  if (busy.has(receiver)) return
  busy.add(receiver)
  const release = (): void => {
    busy.delete(receiver)
  }
  const entry = { tsMs: Date.now(), tsNs: 0, line, metadata: [] }
  const labels = makeLabels({ component: 'alloy' })
  receiver.push({ labels, entries: [entry], delivery: makeDelivery(() => undefined) }).then(release, release)
}
