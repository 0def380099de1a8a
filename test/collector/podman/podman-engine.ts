import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Podman with storage of its own, and its API on a socket. */
export interface PodmanEngine {
  /** `unix:///…/podman.sock` */
  readonly host: string
  /** Runs the podman command line against the same storage; resolves to its output, trimmed. */
  podman(args: readonly string[]): Promise<string>
  stop(): Promise<void>
}

const INSTALL = 'apt-get install -y --no-install-recommends podman busybox-static'
const START_MS = 60_000

/** Why Podman cannot be started here, or `undefined`. Says so on standard error: no test is skipped silently. */
export function podmanMissing(): string | undefined {
  const reason = missingReason()
  if (reason !== undefined) process.stderr.write(`\nSKIPPED, needs Podman: ${reason}\n\n`)
  return reason
}

function missingReason(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'Linux, and root'
  if (!['/usr/bin/podman', '/bin/busybox'].every(existsSync)) return INSTALL
  return undefined
}

/** Starts `podman system service`, with an image `busybox:local` that nothing had to be pulled for. */
export async function startPodman(): Promise<PodmanEngine> {
  const root = mkdtempSync(join(tmpdir(), 'logboom-podman-'))
  const socket = join(root, 'podman.sock')
  const config = join(root, 'containers.conf')
  // A container must not ask for more open files than this process may have.
  writeFileSync(config, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
  const folders = ['--root', join(root, 'storage'), '--runroot', join(root, 'run')]
  const global = [...folders, '--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--events-backend=file']
  const env = { ...process.env, CONTAINERS_CONF: config, TMPDIR: root }
  const podman = async (args: readonly string[]): Promise<string> =>
    (await run('podman', [...global, ...args], { env, maxBuffer: 1 << 26 })).stdout.trim()
  await podman(['import', '-c', 'CMD ["/bin/sh"]', makeImage(root), 'busybox:local'])
  const service = spawn('podman', [...global, 'system', 'service', '--time=0', `unix://${socket}`], {
    env,
    stdio: 'ignore',
  })
  for (const deadline = Date.now() + START_MS; !existsSync(socket); await sleep(50)) {
    if (Date.now() > deadline) throw new Error('podman system service did not come up')
  }
  return {
    host: `unix://${socket}`,
    podman,
    async stop() {
      await podman(['rm', '--all', '--force', '--time=0']).catch(() => '')
      await end(service)
      rmSync(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function end(service: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => service.once('exit', resolve))
  service.kill('SIGTERM')
  await exited
}

/** A tar of busybox and links to it. */
function makeImage(root: string): string {
  const bin = join(root, 'image/bin')
  mkdirSync(bin, { recursive: true })
  execFileSync('cp', ['/bin/busybox', bin])
  for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (name !== 'busybox') symlinkSync('busybox', join(bin, name))
  }
  const tar = join(root, 'image.tar')
  execFileSync('tar', ['-C', join(root, 'image'), '-cf', tar, 'bin'])
  return tar
}
