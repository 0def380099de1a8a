#!/usr/bin/env node
/**
 * The bundled program. A container asks `logboom health` every few seconds, so that goes its own short way;
 * everything else is the command line as it is.
 */
if (process.argv[2] === 'health' && !process.argv[3]?.startsWith('-')) {
  const { runHealth } = await import('../src/cli/health.ts')
  process.exit((await runHealth(process.argv[3] ?? 'http://127.0.0.1:3100/ready', process)) ? 0 : 1)
} else {
  await import('../src/cli/main.ts')
}
