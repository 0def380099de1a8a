import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

// The chaos of test/collector/chaos.test.ts for as long as one likes, counting every line of every container.
// usage: npm run chaos -- [--minutes 30] [--seed N] [--wal]      (needs what test/support/dockerd.ts says)
//   --wal: loki.write writes to disk before it sends

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string' },
    wal: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('../../..', import.meta.url))
const env = {
  ...process.env,
  CHAOS_SECONDS: String(Number(values.minutes) * 60),
  CHAOS_WAL: values.wal ? '1' : '0',
}
const seed = values.seed === undefined ? {} : { CHAOS_SEED: values.seed }
const args = ['vitest', 'run', 'test/collector/chaos.test.ts', '--disable-console-intercept']
const { status } = spawnSync('npx', args, { cwd: root, env: { ...env, ...seed }, stdio: 'inherit' })
process.exitCode = status ?? 1
