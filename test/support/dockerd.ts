import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A Docker Engine of the test's own. */
export interface Dockerd {
  /** Path of its unix socket. */
  readonly socket: string
  /** The socket as `DOCKER_HOST` wants it: `unix:///…/docker.sock`. */
  readonly host: string
  /** Process id of the daemon on this machine; `nsenter -t <pid> -n` reaches its network. */
  readonly pid: number
  /** Runs the docker command line against it and resolves to its standard output, trimmed. */
  docker(args: readonly string[], options?: { env?: Record<string, string> }): Promise<string>
  /** Stops the daemon and everything it runs, and starts it again over the same data. */
  restart(): Promise<void>
  /** Kills the daemon alone, and waits for the next one. Only where it is `supervised`. */
  kill(): Promise<void>
  /** Removes every container, ends every process and deletes every file. Safe to call twice. */
  stop(): Promise<void>
}

/** What {@link startDockerd} can be told. */
export interface DockerdOptions {
  /**
   * `private` (default): its own network namespace, so that bridges and firewall rules meet nobody else's;
   * published ports are reachable only inside it. `host`: this machine's network, where published ports are
   * reachable.
   */
  readonly network?: 'private' | 'host'
  /** Whether another daemon is started in place of one that has ended; containers are not its children. */
  readonly supervised?: boolean
  /** More arguments, e.g. `--live-restore`. */
  readonly args?: readonly string[]
}

const PACKAGES = ['docker.io', 'docker-compose', 'busybox-static']
const INSTALL = `apt-get install -y --no-install-recommends ${PACKAGES.join(' ')}`
const PROGRAMS = ['/usr/sbin/dockerd', '/usr/bin/docker', '/usr/bin/docker-compose', '/bin/busybox']

/**
 * Why a Docker Engine cannot be started here, or `undefined` when it can. Installs Debian's packages when run
 * as root with CI=true; otherwise writes the command that would to standard error, so that a skipped test is
 * never silent.
 */
export async function dockerdMissing(): Promise<string | undefined> {
  const reason = await missingReason()
  if (reason !== undefined) process.stderr.write(`\nSKIPPED, needs a Docker Engine of its own: ${reason}\n\n`)
  return reason
}

async function missingReason(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only Linux can run one'
  if (process.getuid?.() !== 0) return `run the tests as root, after: ${INSTALL}`
  if (PROGRAMS.some((program) => !existsSync(program))) {
    if (process.env.CI !== 'true') return `${INSTALL}   (done by itself where CI=true)`
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update'], { env, maxBuffer: 1 << 26 })
    await run('sh', ['-c', INSTALL], { env, maxBuffer: 1 << 26 })
  }
  try {
    await run('unshare', ['--mount', '--net', '--pid', '--fork', 'true'])
  } catch {
    return 'this machine does not let root make namespaces; a privileged container or a virtual machine does'
  }
  return undefined
}

/**
 * Starts a Docker Engine with its own data, sockets, mounts and process tree. It lives in namespaces of its
 * own, so nothing outlives it, and it dies with the process that started it.
 * @throws Error with the end of the daemon's log when it does not come up.
 */
export async function startDockerd(options: DockerdOptions = {}): Promise<Dockerd> {
  const root = await mkdtemp(join(tmpdir(), 'logboom-dockerd-'))
  const socket = join(root, 'docker.sock')
  const host = `unix://${socket}`
  const logPath = join(root, 'dockerd.log')
  const args = daemonArgs(root, host, options)
  const docker: Dockerd['docker'] = async (commandLine, { env } = {}) => {
    const { stdout } = await run('docker', ['-H', host, ...commandLine], {
      maxBuffer: 1 << 28,
      env: { ...process.env, ...env, DOCKER_HOST: host },
    })
    return stdout.trim()
  }
  let daemon = await startDaemon(args, logPath, docker)
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const ids = await docker(['ps', '-aq']).catch(() => '')
    if (ids !== '') await docker(['rm', '-f', ...ids.split('\n')]).catch(() => '')
    if (options.supervised === true) process.kill(daemon.pid, 'SIGKILL')
    await stopDaemon(daemon)
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  return {
    socket,
    host,
    docker,
    get pid() {
      return daemon.pid
    },
    async restart() {
      await stopDaemon(daemon)
      if (stopped !== undefined) throw new Error('the Docker Engine has been stopped for good')
      daemon = await startDaemon(args, logPath, docker)
    },
    async kill() {
      const children = await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8')
      for (const child of children.trim().split(' ')) {
        const name = await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')
        if (name.trim() === 'dockerd') process.kill(Number(child), 'SIGKILL')
      }
      await untilAnswered(docker, () => true)
    },
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}

function daemonArgs(
  root: string,
  host: string,
  { network = 'private', supervised = false, args = [] }: DockerdOptions,
): string[] {
  // The outermost command makes the kernel end the daemon when the test process dies, whatever kills it.
  const wrapper = [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ]
  if (network === 'private') wrapper.push('--net')
  const bridge = network === 'private' ? [] : ['--bridge=none']
  const daemon = [
    'dockerd',
    ...['--data-root', join(root, 'data'), '--exec-root', join(root, 'exec'), '-p', join(root, 'docker.pid')],
    ...['-H', host, ...bridge],
    // Another range per daemon: two of them on one network must not hand out the same addresses.
    ...['--default-address-pool', `base=10.${randomInt(64, 250)}.0.0/16,size=24`],
    ...args,
  ]
  const running = supervised ? 'while :; do "$@"; sleep 0.5; done' : 'exec "$@"'
  return [...wrapper, 'sh', '-c', `ip link set lo up 2>/dev/null; ${running}`, 'sh', ...daemon]
}

interface Daemon {
  readonly wrapper: ChildProcess
  readonly exited: Promise<void>
  readonly pid: number
}

async function startDaemon(args: string[], logPath: string, docker: Dockerd['docker']): Promise<Daemon> {
  const wrapper = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  wrapper.stderr?.pipe(createWriteStream(logPath, { flags: 'a' }))
  let running = true
  const exited = new Promise<void>((resolve) => {
    wrapper.once('close', () => {
      running = false
      resolve()
    })
  })
  if (await untilAnswered(docker, () => running)) {
    const children = await readFile(`/proc/${wrapper.pid}/task/${wrapper.pid}/children`, 'utf8')
    return { wrapper, exited, pid: Number(children.trim()) }
  }
  wrapper.kill('SIGKILL')
  const log = await readFile(logPath, 'utf8').catch(() => '')
  throw new Error(`dockerd did not come up. The end of its log:\n${log.slice(-3000)}`)
}

/** Whether the daemon has answered before it ended, or patience did. */
async function untilAnswered(docker: Dockerd['docker'], isRunning: () => boolean): Promise<boolean> {
  for (let tries = 0; isRunning() && tries < 1200; tries++) {
    await sleep(100)
    const answer = await docker(['version', '--format', '{{.Server.Version}}']).catch(() => '')
    if (answer !== '') return true
  }
  return false
}

async function stopDaemon(daemon: Daemon): Promise<void> {
  if (daemon.wrapper.exitCode !== null || daemon.wrapper.signalCode !== null) return
  process.kill(daemon.pid, 'SIGTERM')
  const gone = await Promise.race([daemon.exited.then(() => true), sleep(20_000, false, { ref: false })])
  if (!gone) daemon.wrapper.kill('SIGKILL')
  await daemon.exited
}

/**
 * Makes an image that holds busybox and nothing else, with its commands in /bin; nothing has to be pulled.
 * Its default command is a shell.
 */
export async function importBusybox(dockerd: Dockerd, image = 'busybox:local'): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'logboom-busybox-'))
  try {
    for (const folder of ['bin', 'tmp', 'etc']) await mkdir(join(root, folder))
    await run('cp', ['/bin/busybox', join(root, 'bin/busybox')])
    const { stdout } = await run('/bin/busybox', ['--list'])
    for (const name of stdout.trim().split('\n')) {
      if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name))
    }
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
    await run('tar', ['-C', root, '-cf', join(root, 'tmp/image.tar'), 'bin', 'etc'])
    await dockerd.docker(['import', '-c', 'CMD ["/bin/sh"]', join(root, 'tmp/image.tar'), image])
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
