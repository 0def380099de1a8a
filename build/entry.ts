#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

/**
 * The bundled program. A container asks `logboom health` every few seconds, so that goes its own short way;
 * everything else is the command line as it is. Its compiled code is kept for the next start, in a folder of
 * the system's temporary one; where that cannot be written, it is compiled each time.
 */
if (process.argv[2] === 'health' && !process.argv[3]?.startsWith('-')) {
  const { runHealth } = await import('../src/cli/health.ts')
  process.exit((await runHealth(process.argv[3] ?? 'http://127.0.0.1:3100/ready', process)) ? 0 : 1)
} else {
  enableCompileCache()
  await import('../src/cli/main.ts')
}
