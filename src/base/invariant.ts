/**
 * Throws when something that must be true is not: a bug in Logboom, never bad input or a broken disk.
 * Use {@link OperatorError} for what can go wrong in operation.
 */
export function invariant(cond: unknown, message: string): asserts cond {
  if (!cond) throw new Error(`BUG: ${message}`)
}
