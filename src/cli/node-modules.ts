/** What of Node the server and the collector use. */
const NODE_MODULES = [
  'node:assert',
  'node:child_process',
  'node:cluster',
  'node:crypto',
  'node:dns',
  'node:fs/promises',
  'node:http2',
  'node:https',
  'node:inspector',
  'node:perf_hooks',
  'node:readline',
  'node:sqlite',
  'node:stream',
  'node:worker_threads',
  'node:zlib',
] as const

/**
 * Loads Node's own modules. They bring compiled code along, which V8 takes only as long as its flags are
 * those that Node was built with: to be called before any is changed. It saves an eighth of a start.
 */
export async function loadNodeModules(): Promise<void> {
  await Promise.all(NODE_MODULES.map((name) => import(name)))
}
