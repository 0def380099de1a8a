/** Prints an error as libraries do that know no logger: plain text of several lines on standard error. */
export function printStack(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
}
