import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'

/** One remembered place. */
export interface Position {
  /** What was read: `cursor-<container id>` or a file's path. */
  readonly path: string
  /** The label set it was read under, as text. */
  readonly labels: string
  /** How far, in the source's own form. */
  readonly value: string
}

/** The places where the readers of one component stand, kept in a file of Alloy's form. */
export interface Positions {
  get(key: string): Position | undefined
  all(): Iterable<readonly [key: string, position: Position]>
  /** Remembers a place; the file follows within {@link SAVE_INTERVAL_MS}. */
  set(position: Position): void
  remove(key: string): void
  /**
   * Writes what has changed. After the first call, later changes are written at once: the process may end.
   */
  close(): Promise<void>
  /** Whether the file could not be read and was set aside. */
  readonly wasCorrupt: boolean
}

/** The longest time that a change stays in memory alone. */
export const SAVE_INTERVAL_MS = 1000

/** Whether places are told apart by path alone, or by path and labels as Alloy does. */
export type PositionKey = (position: Position) => string

/**
 * Reads a positions file, also one that Alloy wrote, and keeps it up to date. Writes go to a temporary file
 * that is synced and renamed, so that a crash leaves the old or the new file. A file that cannot be
 * understood is renamed to `….corrupt`, reported, and replaced: reading starts over rather than not at all.
 */
export function openPositions(file: string, keyOf: PositionKey, logger: Logger): Positions {
  const { loaded, wasCorrupt } = load(file, logger)
  const byKey = new Map(loaded.map((position) => [keyOf(position), position]))
  let dirty = false
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let saving: Promise<void> = Promise.resolve()

  const save = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    if (!dirty) return
    dirty = false
    try {
      await writeDurably(file, positionsText(byKey.values()))
    } catch (error) {
      dirty = true
      logger.error(
        { file, error: errorMessage(error) },
        'cannot save positions; after a restart lines will be repeated',
      )
      if (!closed) schedule()
    }
  }
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      saving = saving.then(save)
    }, SAVE_INTERVAL_MS)
  }
  const changed = (): void => {
    dirty = true
    if (!closed) schedule()
    else setImmediate(saveAtOnce)
  }
  const saveAtOnce = (): void => {
    if (!dirty) return
    dirty = false
    try {
      writeNow(file, positionsText(byKey.values()))
    } catch (error) {
      logger.error(
        { file, error: errorMessage(error) },
        'cannot save positions; after a restart lines will be repeated',
      )
    }
  }
  return {
    wasCorrupt,
    get: (key) => byKey.get(key),
    all: () => byKey.entries(),
    set(position) {
      byKey.set(keyOf(position), position)
      changed()
    },
    remove(key) {
      if (byKey.delete(key)) changed()
    },
    async close() {
      closed = true
      saving = saving.then(save)
      await saving
    },
  }
}

/** The text of a positions file. Values that are plain text need no YAML library to write. */
export function positionsText(positions: Iterable<Position>): string {
  let text = 'positions:\n'
  let empty = true
  for (const { path, labels, value } of positions) {
    const [quotedPath, quotedLabels, quotedValue] = [path, labels, value].map((part) => JSON.stringify(part))
    text += `  ? path: ${quotedPath}\n    labels: ${quotedLabels}\n  : ${quotedValue}\n`
    empty = false
  }
  return empty ? 'positions: {}\n' : text
}

/**
 * Reads a positions file.
 * @throws Error when it is not YAML or not of this form.
 */
export function parsePositions(text: string): Position[] {
  const document: unknown = parse(text, { mapAsMap: true, maxAliasCount: 0 })
  if (document === null) return []
  if (!(document instanceof Map)) throw new Error('it is not a mapping')
  const entries: unknown = document.get('positions') ?? new Map()
  if (!(entries instanceof Map)) throw new Error('`positions` is not a mapping')
  return [...entries].map(([key, value]) => {
    const place: Map<unknown, unknown> = key instanceof Map ? key : new Map()
    const path = place.get('path')
    const labels = place.get('labels') ?? ''
    if (typeof path !== 'string' || typeof labels !== 'string')
      throw new Error('a key is not a path and labels')
    if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`${path} has no position`)
    return { path, labels, value: String(value) }
  })
}

function load(file: string, logger: Logger): { loaded: Position[]; wasCorrupt: boolean } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { loaded: [], wasCorrupt: false }
    throw error
  }
  try {
    return { loaded: parsePositions(text), wasCorrupt: false }
  } catch (error) {
    const setAside = `${file}.corrupt`
    renameSync(file, setAside)
    logger.error(
      { file, setAside, error: errorMessage(error) },
      'positions file is damaged; reading starts over',
    )
    return { loaded: [], wasCorrupt: true }
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const handle = await open(`${file}.tmp`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.tmp`, file)
}

function writeNow(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}
