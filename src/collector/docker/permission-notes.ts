import type { Logger } from '#base/logger.ts'
import { DockerError } from './docker-error.ts'

/** Says once what a proxy in front of the daemon does not allow, and what is missing without it. */
export interface PermissionNotes {
  /**
   * Whether `error` is a refusal; the first one of each call is written to the log, with what it costs:
   * `without it new containers are found late`.
   */
  note(error: unknown, consequence: string): boolean
}

/** Notes for the daemon at `host`. */
export function makePermissionNotes(host: string, logger: Logger): PermissionNotes {
  const noted = new Set<string>()
  return {
    note(error, consequence) {
      if (!(error instanceof DockerError) || !error.isForbidden) return false
      if (noted.has(error.call)) return true
      noted.add(error.call)
      const message = `the Docker daemon's proxy must allow ${error.call}: ${consequence}`
      logger.warn({ host, status: error.status }, message)
      return true
    },
  }
}
