import { errorMessage, OperatorError } from '#base/errors.ts'
import type { FileSystem, StoreFile } from './file-system.ts'

/** Makes creations, renames and removals inside a directory survive power loss. */
export async function syncDir(fs: FileSystem, path: string): Promise<void> {
  await syncFile(fs, path)
}

/** Makes what was written to a file, or to a directory, survive power loss. */
export async function syncFile(fs: FileSystem, path: string): Promise<void> {
  const handle = await fs.open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Ends a file at `sizeBytes` and makes that durable: what was cut off must not come back. */
export async function cutFile(fs: FileSystem, path: string, sizeBytes: number): Promise<void> {
  const handle = await fs.open(path, 'r+')
  try {
    await handle.truncate(sizeBytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Writes all of `bytes` at `position`; a short write is continued, as POSIX allows them when a disk fills up.
 */
export async function writeFully(handle: StoreFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
    done += bytesWritten
  }
}

/** Reads up to `length` bytes at `position`; fewer only where the file ends. */
export async function readFully(handle: StoreFile, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}

/** The `code` of a file system error, e.g. `ENOSPC`; empty for anything else. */
export function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}

/** What an operator is told when writing failed: a full disk is told apart from a broken one. */
export function writeError(what: string, path: string, thrown: unknown): OperatorError {
  const code = errorCode(thrown)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new OperatorError(
      'store_full',
      `${what} ${path}: no space left on the device; free some, or lower retention_period. ` +
        'Writing goes on by itself once there is space.',
      { cause: thrown },
    )
  }
  return new OperatorError(
    'store_io',
    `${what} ${path} failed: ${errorMessage(thrown)}. Check the disk and the rights on the data directory.`,
    { cause: thrown },
  )
}
