import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A place in the buffer on disk. */
export interface WalPlace {
  readonly segment: number
  /** Bytes from the start of the segment. */
  readonly offset: number
}

/** A file of the buffer on disk. */
export interface WalSegment {
  readonly segment: number
  readonly sizeBytes: number
  /** When something was written to it last. */
  readonly modifiedMs: number
}

const NAME = /^(\d{8,})\.wal$/

/** The path of a segment: eight digits or more, in the order of writing. */
export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(8, '0')}.wal`)
}

/** The segments of a folder in order; none where it does not exist. */
export async function listSegments(folder: string): Promise<WalSegment[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const segments: WalSegment[] = []
  for (const name of names) {
    const number = NAME.exec(name)?.[1]
    if (number === undefined) continue
    const { size, mtimeMs } = await stat(join(folder, name))
    segments.push({ segment: Number(number), sizeBytes: size, modifiedMs: mtimeMs })
  }
  return segments.sort((a, b) => a.segment - b.segment)
}

/** Makes the names of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Whether `a` lies before `b`. */
export function isBefore(a: WalPlace, b: WalPlace): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}

/** The text of a place in a positions file: `<segment>:<offset>`. */
export function placeText({ segment, offset }: WalPlace): string {
  return `${segment}:${offset}`
}

/** Reads {@link placeText}; `undefined` when it is none. */
export function parsePlace(text: string): WalPlace | undefined {
  const match = /^(\d+):(\d+)$/.exec(text)
  return match === null ? undefined : { segment: Number(match[1]), offset: Number(match[2]) }
}
