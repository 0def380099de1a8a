import { dirname, join } from 'node:path'
import { applyNames, changeNames, type DirNode, type DiskNode, makeDir, settle } from './disk-node.ts'

/** The calls that can be made to fail. */
export type DiskCall =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'readdir'
  | 'mkdir'
  | 'rmdir'

/** What goes wrong with one call. */
export type Fault =
  /** It fails without effect; a failed sync leaves what it should have written clean and lost, as Linux does. */
  | { readonly kind: 'error'; readonly code: string }
  /** A write does a part of its work, then fails; without a code it just says how little it did. */
  | { readonly kind: 'partial'; readonly code?: string; readonly share: number }
  /** The call does its work and fails all the same. */
  | { readonly kind: 'done'; readonly code: string }
  /** A read returns a flipped bit. */
  | { readonly kind: 'rot' }

/** The error that a call of Node's file system would throw. */
export function diskError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${call} '${path}'`), { code })
}

/**
 * A disk in memory that knows what was synced: a power loss keeps that, and of the rest whatever `random` says
 * (nothing, all, a part of it, a torn write, later writes without earlier ones). Directories keep a part from
 * the beginning of their unsynced changes, each for itself.
 */
export class SimulatedDisk {
  readonly #root: DirNode = makeDir()
  readonly random: () => number
  /** Asked before every call; undefined lets it pass. */
  fault: (call: DiskCall, path: string) => Fault | undefined = () => undefined
  capacityBytes = Infinity

  constructor(random: () => number) {
    this.random = random
  }

  get usedBytes(): number {
    return this.files().reduce((sum, { node }) => sum + node.live.length, 0)
  }

  /** All files as they are now, by path below the root. */
  files(from: DirNode = this.#root, path = ''): { path: string; node: { live: Uint8Array } }[] {
    return [...from.live].flatMap(([name, node]) =>
      node.kind === 'dir' ? this.files(node, `${path}/${name}`) : [{ path: `${path}/${name}`, node }],
    )
  }

  /** Ends the power: unsynced changes survive by chance. */
  losePower(dir: DirNode = this.#root): void {
    const keep = Math.floor(this.random() * (dir.pending.length + 1))
    for (const change of dir.pending.slice(0, keep)) applyNames(dir.durable, change)
    dir.pending = []
    dir.live.clear()
    for (const [name, node] of dir.durable) {
      dir.live.set(name, node)
      if (node.kind === 'dir') this.losePower(node)
      else settle(node, this.random)
    }
  }

  /** Flips a bit of what is stored. */
  rot(path: string, offset: number): void {
    const node = this.find(path)
    if (node?.kind !== 'file') throw new Error(`${path} is no file`)
    node.live[offset] ^= 1 << Math.floor(this.random() * 8)
    node.durable = node.live.slice()
  }

  /** What is at a path below the root, which is ''. */
  find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root
    for (const name of path.split('/').filter((part) => part !== '')) {
      node = node?.kind === 'dir' ? node.live.get(name) : undefined
    }
    return node
  }

  /** The directory that a path is in, and its name there. */
  parent(path: string): [dir: DirNode | undefined, name: string] {
    const node = this.find(dirname(path) === '.' ? '' : dirname(path))
    return [node?.kind === 'dir' ? node : undefined, path.slice(path.lastIndexOf('/') + 1)]
  }

  /** Makes a directory and those above it; the path of the first one made. */
  makeDirs(path: string): string | undefined {
    let dir = this.#root
    let first: string | undefined
    let made = ''
    for (const name of path.split('/').filter((part) => part !== '')) {
      made = join(made, name)
      let node = dir.live.get(name)
      if (node === undefined) {
        node = makeDir()
        changeNames(dir, [[name, node]])
        first ??= made
      }
      if (node.kind !== 'dir') throw diskError('EEXIST', 'mkdir', made)
      dir = node
    }
    return first
  }

  /** What Linux does with the bytes of a failed sync: they read back, and will never be written. */
  dropUnsynced(path: string): void {
    const node = this.find(path)
    if (node?.kind === 'file') node.pending = []
  }
}
