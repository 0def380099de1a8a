// What a simulated disk consists of, and which of it is safe.

/** A write, or a new size. */
export type FileChange =
  | { readonly at: number; readonly bytes: Uint8Array }
  | { readonly sizeBytes: number; readonly at?: undefined }

/** A file. */
export interface FileNode {
  readonly kind: 'file'
  /** What the kernel shows. */
  live: Uint8Array
  /** What is on the platter, and what is still on its way there. */
  durable: Uint8Array
  pending: FileChange[]
}

/** A directory. */
export interface DirNode {
  readonly kind: 'dir'
  readonly live: Map<string, DiskNode>
  durable: Map<string, DiskNode>
  /** Renames change two names at once. */
  pending: (readonly (readonly [name: string, node: DiskNode | undefined])[])[]
}

/** What has a name. */
export type DiskNode = FileNode | DirNode

/** An empty directory. */
export function makeDir(): DirNode {
  return { kind: 'dir', live: new Map(), durable: new Map(), pending: [] }
}

/** An empty file. */
export function makeFile(): FileNode {
  return { kind: 'file', live: new Uint8Array(0), durable: new Uint8Array(0), pending: [] }
}

/** Changes what the kernel shows of a file. */
export function change(node: FileNode, made: FileChange): void {
  node.live = applied(node.live, made)
  node.pending.push(made)
}

function applied(bytes: Uint8Array, made: FileChange): Uint8Array {
  const size = made.at === undefined ? made.sizeBytes : Math.max(bytes.length, made.at + made.bytes.length)
  const next = new Uint8Array(size)
  next.set(bytes.subarray(0, size))
  if (made.at !== undefined) next.set(made.bytes, made.at)
  return next
}

/** Changes what the kernel shows of a directory. */
export function changeNames(dir: DirNode, names: DirNode['pending'][number]): void {
  applyNames(dir.live, names)
  dir.pending.push(names)
}

/** Puts names in and takes them out. */
export function applyNames(to: Map<string, DiskNode>, names: DirNode['pending'][number]): void {
  for (const [name, node] of names) {
    if (node === undefined) to.delete(name)
    else to.set(name, node)
  }
}

/** What a sync does. */
export function persist(node: DiskNode): void {
  if (node.kind === 'dir') for (const names of node.pending) applyNames(node.durable, names)
  else for (const made of node.pending) node.durable = applied(node.durable, made)
  node.pending = []
}

/** What a power loss leaves of a file's unsynced changes. */
export function settle(node: FileNode, random: () => number): void {
  const way = random()
  const { pending } = node
  if (way < 0.25) persist(node)
  else if (way < 0.75) {
    const keep = Math.floor(random() * pending.length)
    for (const made of pending.slice(0, keep)) node.durable = applied(node.durable, made)
    const torn = pending[keep]
    if (torn?.at !== undefined && way < 0.6) {
      const bytes = torn.bytes.subarray(0, Math.floor(random() * torn.bytes.length))
      node.durable = applied(node.durable, { at: torn.at, bytes })
    }
  } else {
    for (const made of pending) if (random() < 0.5) node.durable = applied(node.durable, made)
  }
  node.pending = []
  node.live = node.durable.slice()
}
