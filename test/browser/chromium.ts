import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PATH = '/usr/bin/chromium'
const INSTALL = 'apt-get install -y --no-install-recommends chromium'

/**
 * Why no browser can be started here, or `undefined` when one can. Installs Debian's Chromium when run as root
 * with CI=true; otherwise writes the command that would to standard error, so that a skipped test is never silent.
 */
export async function chromiumMissing(): Promise<string | undefined> {
  if (existsSync(PATH)) return undefined
  const reason = await install()
  if (reason !== undefined) process.stderr.write(`\nSKIPPED, needs Chromium: ${reason}\n\n`)
  return reason
}

async function install(): Promise<string | undefined> {
  if (process.env.CI !== 'true' || process.getuid?.() !== 0)
    return `${INSTALL}   (done by itself for root with CI=true)`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update'], { env, maxBuffer: 1 << 26 })
  await run('sh', ['-c', INSTALL], { env, maxBuffer: 1 << 26 })
  return undefined
}

/** How tests start Chromium: Debian's, in a new empty profile, without anything that talks to the world. */
export const CHROMIUM = {
  executablePath: PATH,
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}
