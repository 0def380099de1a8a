import { setFlagsFromString } from 'node:v8'

// Must run before the first RegExp that is to be protected is made: V8 decides at creation.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
setFlagsFromString('--regexp-backtracks-before-fallback=10000')

/**
 * Longest that the self-test's hopeless match may take, milliseconds. Unprotected, it takes many times as
 * long.
 */
const SELF_TEST_MS = 60

/**
 * Whether V8 falls back to its linear engine when a pattern backtracks too much. Found out once, at start.
 */
export const v8IsLinear: boolean = selfTest()

function selfTest(): boolean {
  const hopeless = `${'a'.repeat(27)}!`
  for (let attempt = 0; attempt < 3; attempt++) {
    const startedMs = performance.now()
    // A pattern of its own each time, so that no compiled form is reused.
    const matched = new RegExp(`^(?:a+)+${'$'.repeat(attempt + 1)}`).test(hopeless)
    if (!matched && performance.now() - startedMs < SELF_TEST_MS) return true
    if (performance.now() - startedMs > 20 * SELF_TEST_MS) return false
  }
  return false
}
