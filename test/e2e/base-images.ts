import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { Dockerd } from '../support/dockerd.ts'

const run = promisify(execFile)
const REPOSITORY = join(import.meta.dirname, '../..')

/** Packages that neither Vite nor the bundler needs; leaving them out saves most of the time of the import. */
const NOT_FOR_THE_BUILD = [
  'node',
  '.bin/node',
  '.vite',
  '.vite-temp',
  '@biomejs',
  '@typescript',
  'playwright-core',
]

/** Names of the images {@link makeBaseImages} has made, for the Dockerfile's arguments of the same meaning. */
export interface BaseImages {
  readonly buildImage: string
  readonly runtimeImage: string
}

/**
 * Makes the two bases of the Dockerfile from this machine's own files, because a test cannot pull: the running Node with
 * its libraries and busybox, and the same with the repository's node_modules.
 */
export async function makeBaseImages(dockerd: Dockerd): Promise<BaseImages> {
  const images = { runtimeImage: 'e2e/node:base', buildImage: 'e2e/node:build' }
  const root = await mkdtemp(join(tmpdir(), 'logboom-base-'))
  try {
    await makeRootfs(root)
    await importTar(dockerd, images.runtimeImage, ['-C', root, '.'])
    const excludes = NOT_FOR_THE_BUILD.map((name) => `--exclude=node_modules/${name}`)
    // Anchored, so that only the top-level packages of that name are left out; moved to where the Dockerfile works.
    const modules = ['--transform=s,^node_modules,src/node_modules,S', '-C', REPOSITORY, 'node_modules']
    await importTar(dockerd, images.buildImage, ['--anchored', ...excludes, '-C', root, '.', ...modules])
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  return images
}

/** Makes an image of Debian's Prometheus under the name the compose file asks for. */
export async function makePrometheusImage(dockerd: Dockerd, image: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'logboom-prometheus-'))
  try {
    for (const program of ['prometheus', 'promtool'])
      await copyProgram(root, `/usr/bin/${program}`, `bin/${program}`)
    for (const folder of ['etc/prometheus', 'prometheus', 'tmp'])
      await mkdir(join(root, folder), { recursive: true })
    await importTar(dockerd, image, ['-C', root, '.'], ['ENTRYPOINT ["/bin/prometheus"]'])
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function makeRootfs(root: string): Promise<void> {
  for (const folder of ['bin', 'usr/bin', 'usr/local/bin', 'etc/ssl/certs', 'root', 'var']) {
    await mkdir(join(root, folder), { recursive: true })
  }
  await mkdir(join(root, 'tmp'))
  await chmod(join(root, 'tmp'), 0o1777)
  await copyProgram(root, process.execPath, 'usr/local/bin/node')
  await copyLibraries(root, globSync(join(REPOSITORY, 'node_modules/**/*.node')))
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  const { stdout } = await run('/bin/busybox', ['--list'])
  for (const name of stdout.trim().split('\n')) {
    if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name))
  }
  await symlink('/bin/env', join(root, 'usr/bin/env'))
  await cp('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt')).catch(
    () => {},
  )
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
}

async function copyProgram(root: string, program: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, target)), { recursive: true })
  await copyFile(program, join(root, target))
  await copyLibraries(root, [program])
}

/** Copies every library that `ldd` finds for the files, each to the place it has on this machine. */
async function copyLibraries(root: string, files: readonly string[]): Promise<void> {
  const { stdout } = await run('ldd', files).catch((error: { stdout: string }) => error)
  for (const [, library] of stdout.matchAll(/(\/\S+\.so\S*)/g)) {
    await mkdir(dirname(join(root, library)), { recursive: true })
    await copyFile(library, join(root, library))
  }
}

/** Pipes `tar` into `docker import`. */
async function importTar(
  dockerd: Dockerd,
  image: string,
  tarArgs: string[],
  changes: string[] = [],
): Promise<void> {
  const tar = spawn('tar', ['-c', ...tarArgs], { stdio: ['ignore', 'pipe', 'inherit'] })
  const flags = changes.flatMap((change) => ['-c', change])
  const load = spawn('docker', ['-H', dockerd.host, 'import', ...flags, '-', image], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const ended = [tar, load].map(async (child) => {
    const [code] = await once(child, 'close')
    // tar says 1 when a file changed while it read it: other tests write their caches below node_modules.
    if (code !== 0 && !(child === tar && code === 1))
      throw new Error(`${child.spawnargs[0]} for the image ${image} ended with ${code}`)
  })
  await Promise.all([pipeline(tar.stdout, load.stdin), ...ended])
}
