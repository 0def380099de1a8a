import type { IncomingMessage } from 'node:http'
import type { Logger } from '#base/logger.ts'

/** What is written down about a request that changed something, or was not let through. */
export interface AuditLine {
  readonly client: string
  readonly status: number
  /** Why it was refused. */
  readonly reason?: string
}

/** Writes audit lines: `audit: true` tells them from others. */
export type AuditLog = (request: IncomingMessage, line: AuditLine) => void

/**
 * Of refusals one line in this time is written, with the number of those left out: guessing fills no
 * disk.
 */
const REFUSALS_EVERY_MS = 1000

/** An audit log beside the server's own, which `log_level` does not silence. */
export function makeAuditLog(logger: Logger): AuditLog {
  const audit: Logger & { level?: string } = logger.child({ audit: true })
  if ('level' in audit) audit.level = 'info'
  let refusedMs = Number.NEGATIVE_INFINITY
  let leftOut = 0
  return (request, { client, status, reason }) => {
    const [path, query] = (request.url ?? '').split('?', 2)
    const fields = {
      client,
      tenant: request.headers['x-scope-orgid'],
      from: request.socket.remoteAddress,
      method: request.method,
      path,
      query,
      status,
    }
    if (reason === undefined) {
      audit.info(fields, 'an administrative call')
      return
    }
    const nowMs = performance.now()
    if (nowMs - refusedMs < REFUSALS_EVERY_MS) {
      leftOut++
      return
    }
    audit.info({ ...fields, reason, leftOut }, 'a request was not let through')
    refusedMs = nowMs
    leftOut = 0
  }
}
