/**
 * The part of AssemblyScript's compiler that the build uses. The package's own types would declare the
 * globals of that language for the whole program, among them a `console` without `error`.
 */
export declare function main(
  argv: readonly string[],
  options: {
    /** Stands in for the file system, as the next two do; null for a file that is not there. */
    readonly readFile: (name: string) => string | null
    readonly writeFile: (name: string, contents: string | Uint8Array) => void
    readonly listFiles: () => string[]
  },
): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
