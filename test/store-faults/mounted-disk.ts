import { join, relative } from 'node:path'
import type { FileSystem, StoreFile } from '#store/embedded/file-system.ts'
import { change, changeNames, type DiskNode, type FileNode, makeFile, persist } from './disk-node.ts'
import { type DiskCall, diskError, type Fault, type SimulatedDisk } from './simulated-disk.ts'

/** A {@link SimulatedDisk} as one process sees it. */
export interface Mount {
  readonly fs: FileSystem
  /** Ends the process: its calls under way and later ones fail. */
  cut(): void
}

/** The calls of one process. */
interface Calls {
  readonly disk: SimulatedDisk
  readonly root: string
  /** A path below the root of the disk. */
  at(path: string): string
  /** Begins a call; throws where it fails without effect. */
  enter(call: DiskCall, path: string): Promise<Fault | undefined>
  /** A whole call. */
  act<T>(call: DiskCall, path: string, work: () => T): Promise<T>
  file(path: string): FileNode
}

/** The disk as a process sees it below the directory `root`. */
export function mountDisk(disk: SimulatedDisk, root: string): Mount {
  let isCut = false
  const at = (path: string): string => relative(root, path)
  const enter = async (call: DiskCall, path: string): Promise<Fault | undefined> => {
    await new Promise((resolve) => setImmediate(resolve))
    if (isCut) throw diskError('EIO', call, path)
    const fault = disk.fault(call, at(path))
    if (fault?.kind !== 'error') return fault
    if (call === 'sync') disk.dropUnsynced(at(path))
    throw diskError(fault.code, call, path)
  }
  const act = async <T>(call: DiskCall, path: string, work: () => T): Promise<T> => {
    const fault = await enter(call, path)
    const result = work()
    if (fault?.kind === 'done') throw diskError(fault.code, call, path)
    return result
  }
  const file = (path: string): FileNode => {
    const node = disk.find(at(path))
    if (node?.kind !== 'file') throw diskError('ENOENT', 'open', path)
    return node
  }
  const calls: Calls = { disk, root, at, enter, act, file }
  return {
    fs: { ...fileCalls(calls), ...directoryCalls(calls) },
    cut: () => {
      isCut = true
    },
  }
}

function openFile({ disk, enter, act }: Calls, path: string, node: FileNode): StoreFile {
  return {
    read: async (buffer, offset, length, position) => {
      const fault = await enter('read', path)
      const bytes = node.live.subarray(position, position + length)
      buffer.set(bytes, offset)
      if (fault?.kind === 'rot') buffer[offset + Math.floor(disk.random() * bytes.length)] ^= 1
      return { bytesRead: bytes.length }
    },
    write: async (buffer, offset, length, position) => {
      const fault = await enter('write', path)
      const wanted = fault?.kind === 'partial' ? Math.floor(length * fault.share) : length
      const grows = Math.max(0, position + wanted - node.live.length)
      const room = Math.max(0, disk.capacityBytes - disk.usedBytes)
      const done = wanted - Math.max(0, grows - room)
      if (done > 0) change(node, { at: position, bytes: buffer.slice(offset, offset + done) })
      if (done < wanted && done <= 0) throw diskError('ENOSPC', 'write', path)
      if (fault?.kind === 'done' || fault?.kind === 'partial') {
        if (fault.code !== undefined) throw diskError(fault.code, 'write', path)
      }
      return { bytesWritten: done }
    },
    truncate: (sizeBytes) => act('truncate', path, () => change(node, { sizeBytes })),
    sync: () => act('sync', path, () => persist(node)),
    datasync: () => act('sync', path, () => persist(node)),
    stat: async () => ({ size: node.live.length, mtimeMs: 0 }),
    close: () => act('close', path, () => undefined),
  }
}

/** A directory that is opened to be synced. */
function openDirectory(calls: Calls, path: string, node: DiskNode): StoreFile {
  return { ...openFile(calls, path, makeFile()), sync: () => calls.act('sync', path, () => persist(node)) }
}

function fileCalls(calls: Calls) {
  const { disk, at, enter, act, file } = calls
  return {
    open: (path: string, flags: 'r' | 'r+' | 'w') =>
      act('open', path, () => {
        const node = disk.find(at(path))
        if (node?.kind === 'dir') return openDirectory(calls, path, node)
        if (flags !== 'w') return openFile(calls, path, file(path))
        if (node !== undefined) change(node, { sizeBytes: 0 })
        const [dir, name] = disk.parent(at(path))
        if (dir === undefined) throw diskError('ENOENT', 'open', path)
        const opened = node ?? makeFile()
        if (node === undefined) changeNames(dir, [[name, opened]])
        return openFile(calls, path, opened)
      }),
    readFile: async (path: string) => {
      const fault = await enter('read', path)
      const bytes = file(path).live.slice()
      if (fault?.kind === 'rot') bytes[Math.floor(disk.random() * bytes.length)] ^= 1
      return bytes
    },
    truncate: (path: string, sizeBytes: number) =>
      act('truncate', path, () => change(file(path), { sizeBytes })),
    unlink: (path: string) =>
      act('unlink', path, () => {
        file(path)
        const [dir, name] = disk.parent(at(path))
        if (dir !== undefined) changeNames(dir, [[name, undefined]])
      }),
    stat: async (path: string) => ({ size: file(path).live.length, mtimeMs: 0 }),
  }
}

function directoryCalls({ disk, root, at, act }: Calls) {
  return {
    rename: (from: string, to: string) =>
      act('rename', from, () => {
        const [source, name] = disk.parent(at(from))
        const [target, newName] = disk.parent(at(to))
        const node = source?.live.get(name)
        if (source === undefined || target === undefined || node === undefined) {
          throw diskError('ENOENT', 'rename', from)
        }
        if (source !== target) throw diskError('EXDEV', 'rename', from)
        changeNames(source, [
          [name, undefined],
          [newName, node],
        ])
      }),
    readdir: (path: string) =>
      act('readdir', path, () => {
        const node = disk.find(at(path))
        if (node?.kind !== 'dir') throw diskError('ENOENT', 'readdir', path)
        return [...node.live].map(([name, { kind }]) => ({ name, isDirectory: () => kind === 'dir' }))
      }),
    mkdir: (path: string) =>
      act('mkdir', path, () => {
        const first = disk.makeDirs(at(path))
        return first === undefined ? undefined : join(root, first)
      }),
    rmdir: (path: string) =>
      act('rmdir', path, () => {
        const node = disk.find(at(path))
        const [dir, name] = disk.parent(at(path))
        if (node?.kind !== 'dir' || dir === undefined) throw diskError('ENOENT', 'rmdir', path)
        if (node.live.size > 0) throw diskError('ENOTEMPTY', 'rmdir', path)
        changeNames(dir, [[name, undefined]])
      }),
    statfs: async () => ({
      bsize: 1,
      blocks: disk.capacityBytes,
      bavail: Math.max(0, disk.capacityBytes - disk.usedBytes),
    }),
  }
}
