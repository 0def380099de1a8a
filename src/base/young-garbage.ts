import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Garbage outside the heap, bytes, at which V8 is told to look for it. */
const COLLECT_AT_BYTES = 4 << 20

let gatheredBytes = 0
let collect: ((options: { readonly type: 'minor' }) => void) | undefined

/**
 * Counts memory outside V8's heap (buffers, typed arrays) that has become garbage, or is about to. V8 frees
 * such memory when it collects the small objects that stand for it, of which there are too few to make it
 * collect them: it lets tens of megabytes gather and then looks through the whole heap. So it is asked to
 * collect what is young, which takes a few milliseconds, every few megabytes. Taking logs in costs a fifth
 * less for it.
 */
export function countGarbage(sizeBytes: number): void {
  gatheredBytes += sizeBytes
  if (gatheredBytes < COLLECT_AT_BYTES) return
  gatheredBytes = 0
  collect ??= exposedCollector()
  collect({ type: 'minor' })
}

/** V8's own `gc`, which a context has that is made while the flag is set. */
function exposedCollector(): (options: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return typeof gc === 'function' ? (options) => void Reflect.apply(gc, undefined, [options]) : () => {}
}
