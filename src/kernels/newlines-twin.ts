const NEWLINE = 10

/** `findNewlines` in plain TypeScript. */
export function findNewlinesTwin(bytes: Uint8Array): Uint32Array {
  const offsets: number[] = []
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) offsets.push(at)
  return Uint32Array.from(offsets)
}
