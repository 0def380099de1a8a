import { type DestinationStream, type Logger, pino } from 'pino'

/**
 * The logger of web-gateway and order-api: one JSON object per line with `level` as text, `time`,
 * `service`, `msg` and whatever fields the call adds (`request_id`, `method`, `path`, `status`,
 * `duration_ms`, …). Writes synchronously, so that no line is lost when the process ends.
 */
export function makePinoLog(service: string, destination?: DestinationStream): Logger {
  return pino(
    {
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  )
}
