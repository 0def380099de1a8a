import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

// Kills the server, and the store alone, at many random moments: `npm run crash -- --rounds 200`. The same tests
// run with few rounds in `npm test`.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: must be 1 or more`)

const files = ['test/crash.test.ts', 'src/store/embedded/crash.test.ts']
const child = spawn('vitest', ['run', '--reporter=verbose', ...files], {
  stdio: 'inherit',
  env: { ...process.env, CRASH_ROUNDS: String(rounds) },
})
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
