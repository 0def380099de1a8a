import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

/** A log file that never grows beyond a bound. */
export interface RotatingFile {
  /** Appends whole lines. Throws what the file system throws. */
  write(lines: Buffer | string): void
  close(): void
}

/**
 * Opens `path` for appending. When it would exceed `maxSizeBytes` it is renamed to `<path>.1` (replacing
 * the one there) and begun anew, so that both together never hold more than twice that. Rotation happens
 * between two writes: callers pass whole lines.
 */
export function openRotatingFile(path: string, maxSizeBytes: number): RotatingFile {
  let fd = openSync(path, 'a')
  let sizeBytes = fstatSync(fd).size
  return {
    write(lines) {
      const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines
      if (sizeBytes > 0 && sizeBytes + bytes.length > maxSizeBytes) {
        closeSync(fd)
        renameSync(path, `${path}.1`)
        fd = openSync(path, 'a')
        sizeBytes = 0
      }
      for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from)
      sizeBytes += bytes.length
    },
    close() {
      closeSync(fd)
    },
  }
}
