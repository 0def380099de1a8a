import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Dockerd } from '../support/dockerd.ts'

const run = promisify(execFile)

/** A compose project on the test's own engine. */
export interface ComposeProject {
  /** Starts services (all if none is named) and waits for what they depend on; throws with compose's output. */
  up(services?: readonly string[]): Promise<void>
  /** Replaces every container by a new one over the same volumes, as an update of the image does. */
  recreate(): Promise<void>
  /** Removes containers, networks and volumes. */
  down(): Promise<void>
}

/**
 * A project made of one file as it is in the repository. `env` fills in the file's variables.
 * `--compatibility` lets docker-compose 1.29 apply the limits of `deploy`.
 */
export function composeProject(
  dockerd: Dockerd,
  project: string,
  file: string,
  env: Record<string, string>,
): ComposeProject {
  const compose = async (...args: string[]): Promise<void> => {
    try {
      await run('/usr/bin/docker-compose', ['--compatibility', '-p', project, '-f', file, ...args], {
        cwd: dirname(file),
        env: { ...process.env, ...env, DOCKER_HOST: dockerd.host, COMPOSE_HTTP_TIMEOUT: '120' },
        maxBuffer: 1 << 26,
      })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`docker-compose ${args.join(' ')} failed:\n${stdout}${stderr}`)
    }
  }
  return {
    up: (services = []) => compose('up', '--detach', '--no-build', ...services),
    recreate: () => compose('up', '--detach', '--no-build', '--force-recreate'),
    down: () => compose('down', '--volumes', '--remove-orphans', '--timeout', '5'),
  }
}
