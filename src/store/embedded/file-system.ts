import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  statfs,
  truncate,
  unlink,
} from 'node:fs/promises'

/** An open file, with the calls of Node's `FileHandle` that the store makes. */
export interface StoreFile {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
  /** May write less than asked, as POSIX allows. */
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  truncate(sizeBytes: number): Promise<void>
  /** Forces bytes and size to the disk; `datasync` leaves out times and the like. */
  sync(): Promise<void>
  datasync(): Promise<void>
  stat(): Promise<{ readonly size: number; readonly mtimeMs: number }>
  close(): Promise<void>
}

/** A name in a directory. */
export interface DirEntry {
  readonly name: string
  isDirectory(): boolean
}

/**
 * All that the store asks of the operating system, so that a test can put a disk with faults in its place.
 * Everything in the store that touches a file goes through it, except for the lock (lock.ts). Errors are
 * those of Node, with its `code`.
 */
export interface FileSystem {
  /**
   * `r` reads (also directories, to sync them), `r+` changes a file that is there, `w` makes an empty one to
   * write.
   */
  open(path: string, flags: 'r' | 'r+' | 'w'): Promise<StoreFile>
  readFile(path: string): Promise<Uint8Array>
  truncate(path: string, sizeBytes: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  readdir(path: string): Promise<readonly DirEntry[]>
  /** With the directories above it; the first one made, undefined where all were there. */
  mkdir(path: string): Promise<string | undefined>
  /** Removes an empty directory. */
  rmdir(path: string): Promise<void>
  stat(path: string): Promise<{ readonly size: number; readonly mtimeMs: number }>
  /** Sizes of the disk below a path, in blocks of `bsize` bytes; `bavail` are free for this process. */
  statfs(path: string): Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>
}

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  open,
  readFile: (path) => readFile(path),
  truncate,
  rename,
  unlink,
  readdir: (path) => readdir(path, { withFileTypes: true }),
  mkdir: (path) => mkdir(path, { recursive: true }),
  rmdir: (path) => rmdir(path),
  stat: (path) => stat(path),
  statfs: (path) => statfs(path),
}
