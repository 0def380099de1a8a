import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { errorMessage, OperatorError } from '#base/errors.ts'

/** A data directory held by this process. The lock also ends with the process, however it ends. */
export interface DirLock {
  release(): void
}

/**
 * Makes this process the only one that uses a data directory, until it ends however it ends.
 *
 * Node has no flock, and a file with a process id in it lies after a crash, in another container, or when two
 * processes clear the same stale file. SQLite's exclusive transaction holds a real `fcntl` lock on the file
 * `LOCK`, which the kernel drops with the process; nothing is ever written to that database. `LOCK.owner`
 * only names the holder.
 *
 * @throws OperatorError `store_locked` naming the holder, `store_io` where the directory cannot be used
 */
export function lockDir(dir: string): DirLock {
  const ownerPath = join(dir, 'LOCK.owner')
  let database: DatabaseSync
  try {
    mkdirSync(dir, { recursive: true })
    database = new DatabaseSync(join(dir, 'LOCK'), { timeout: 0 })
  } catch (thrown) {
    throw new OperatorError(
      'store_io',
      `cannot use the data directory ${dir}: ${errorMessage(thrown)}. It must be writable.`,
      { cause: thrown },
    )
  }
  try {
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    if (!/locked/.test(errorMessage(thrown))) {
      throw new OperatorError('store_io', `cannot lock ${dir}/LOCK: ${errorMessage(thrown)}`, {
        cause: thrown,
      })
    }
    throw new OperatorError(
      'store_locked',
      `the data directory ${dir} is in use by ${readOwner(ownerPath)}. ` +
        'Stop that process, or give this one another directory.',
    )
  }
  try {
    writeFileSync(ownerPath, `process ${process.pid} on ${hostname()}\n`)
  } catch {
    // On a full disk the store must open all the same, to answer and to make room; the name is a courtesy.
  }
  return {
    release: () => {
      if (database.isOpen) database.close()
    },
  }
}

function readOwner(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'another process'
  } catch {
    return 'another process'
  }
}
