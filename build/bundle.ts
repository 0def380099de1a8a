import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type InputOptions, type OutputOptions, rolldown } from 'rolldown'

/**
 * Makes `dist/` what a machine with Node 26 and nothing else can run: `logboom.js` and its chunks, the
 * sample shop in `shop/`, beside the page that Vite has put into `page/`. The one package with native code
 * comes along as it is.
 */

const ROOT = join(import.meta.dirname, '..')

/** Not bundled: `snappy` finds its native file beside itself. */
const NATIVE_PACKAGES = ['snappy']

/** What other builds put into `dist/`: Vite the page, the AssemblyScript compiler the kernels. */
const OTHERS: ReadonlySet<string> = new Set(['page', 'kernels'])

const INPUT: InputOptions = {
  input: {
    logboom: 'build/entry.ts',
    'scan-worker': 'src/server/scan-workers/scan-worker.ts',
    'shop/web-gateway': 'examples/shop/web-gateway.ts',
    'shop/order-api': 'examples/shop/order-api.ts',
    'shop/fulfillment-worker': 'examples/shop/fulfillment-worker.ts',
  },
  cwd: ROOT,
  platform: 'node',
  external: NATIVE_PACKAGES,
}

const OUTPUT: OutputOptions = {
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  minify: { compress: true, mangle: false },
}

/**
 * Bundles the program and the shop into `dir`, in place of everything there but what other builds made.
 * Throws what the bundler throws.
 */
export async function bundle(dir: string): Promise<void> {
  clean(dir)
  const build = await rolldown(INPUT)
  await build.write({ ...OUTPUT, dir })
  await build.close()
  for (const name of NATIVE_PACKAGES) copyNative(name, dir)
  chmodSync(join(dir, 'logboom.js'), 0o755)
}

function clean(dir: string): void {
  mkdirSync(dir, { recursive: true })
  for (const name of readdirSync(dir)) {
    if (!OTHERS.has(name)) rmSync(join(dir, name), { recursive: true })
  }
}

/** Copies a package as it was installed, and those of its platform packages that were installed. */
function copyNative(name: string, dir: string): void {
  const folders = [
    join(ROOT, 'node_modules', name),
    ...globSync(join(ROOT, 'node_modules/@napi-rs', `${name}-*`)),
  ]
  for (const folder of folders) {
    const scope = basename(dirname(folder))
    const target = join(dir, 'node_modules', scope.startsWith('@') ? scope : '', basename(folder))
    cpSync(folder, target, { recursive: true, filter: (path) => !/\.(md|d\.ts)$/.test(path) })
  }
}

if (import.meta.main) {
  const dist = join(ROOT, 'dist')
  if (!existsSync(join(dist, 'page/index.html'))) {
    throw new Error('dist/page is missing: run "npm run build:page" first')
  }
  await bundle(dist)
}
