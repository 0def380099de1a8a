import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Dockerd, dockerdMissing, importBusybox, startDockerd } from '../support/dockerd.ts'
import { makeBaseImages, makePrometheusImage } from './base-images.ts'

const run = promisify(execFile)

/** The repository's folder. */
export const REPOSITORY = join(import.meta.dirname, '../..')

/** The image that the compose files of `deploy` run by default. */
export const IMAGE = 'logboom:0.1.0'

/** An image with busybox only, for containers that have nothing to do with the stacks. */
export const BUSYBOX = 'busybox:local'

/**
 * Why the stacks cannot be run here, or `undefined` when they can. Installs what is missing as root with CI=true, and
 * says loudly what would install it otherwise.
 */
export async function stacksMissing(): Promise<string | undefined> {
  const missing = await dockerdMissing()
  if (missing !== undefined || existsSync('/usr/bin/prometheus')) return missing
  const install = 'apt-get install -y --no-install-recommends prometheus'
  if (process.env.CI !== 'true') {
    process.stderr.write(`\nSKIPPED, the lab's Prometheus is a real one: ${install}\n\n`)
    return install
  }
  // Without its service: a Prometheus of the machine's own would take a port and time.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('sh', ['-c', `apt-get update && ${install}`], { env, maxBuffer: 1 << 26 })
  return undefined
}

/** A Docker Engine that has every image of the stacks: Logboom's own built by the project's Dockerfile. */
export async function startEngine(): Promise<Dockerd> {
  const dockerd = await startDockerd()
  try {
    await importBusybox(dockerd, BUSYBOX)
    await makePrometheusImage(dockerd, imageOf('deploy/lab/docker-compose.yml', 'prom/prometheus'))
    const bases = await makeBaseImages(dockerd)
    const args = [`BUILD_IMAGE=${bases.buildImage}`, `RUNTIME_IMAGE=${bases.runtimeImage}`]
    const buildArgs = args.flatMap((arg) => ['--build-arg', arg])
    // The classic builder is what every engine has; BuildKit reads the same file.
    await dockerd.docker(['build', '--tag', IMAGE, ...buildArgs, REPOSITORY], {
      env: { DOCKER_BUILDKIT: '0' },
    })
    return dockerd
  } catch (error) {
    await dockerd.stop()
    throw error
  }
}

/** The full name, with its tag, of an image that a compose file uses. */
function imageOf(file: string, name: string): string {
  const text = readFileSync(join(REPOSITORY, file), 'utf8')
  const match = new RegExp(`image: (${name}:\\S+)`).exec(text)
  if (match === null) throw new Error(`${file} uses no image ${name}`)
  return match[1]
}
