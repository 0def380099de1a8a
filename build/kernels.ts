import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main as compile } from 'assemblyscript/asc'

/**
 * Compiles the inner loops of `src/kernels/assembly` to `dist/kernels/kernels.wasm`. They are AssemblyScript:
 * named `.as`, so that TypeScript's tools, to which its types mean nothing, leave them alone.
 */

const ROOT = join(import.meta.dirname, '..')
const SOURCES = join(ROOT, 'src/kernels/assembly')

const OPTIONS = [
  '-O3',
  '--enable=simd',
  // No allocator and no garbage collector: every place in memory is fixed.
  '--runtime=stub',
  '--noAssert',
  // Pages of 64 KiB; what src/kernels/assembly lays out must fit in.
  '--initialMemory=384',
  '--maximumMemory=384',
]

/** Writes `kernels.wasm` into `dir`. Throws with the compiler's messages where it does not compile. */
export async function buildKernels(dir: string): Promise<void> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await compile(['kernels.ts', '--outFile=kernels.wasm', ...OPTIONS], {
    readFile: (name) => {
      const path = join(SOURCES, name.replace(/\.ts$/, '.as'))
      return existsSync(path) ? readFileSync(path, 'utf8') : null
    },
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
  })
  if (error !== null || wasm === undefined) {
    throw new Error(`the kernels do not compile:\n${stderr.toString()}`, { cause: error })
  }
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'kernels.wasm'), wasm)
}

// A folder may be named to build into, as tests do.
if (import.meta.main) await buildKernels(process.argv[2] ?? join(ROOT, 'dist/kernels'))
