import { join } from 'node:path'

/** A partition's length, milliseconds. */
export const DAY_MS = 86_400_000

/**
 * The tenant's directory name: every byte outside `A-Z a-z 0-9 _ -` as `%XX`, so that no tenant can leave its
 * place.
 */
export function tenantDirName(tenant: string): string {
  let name = ''
  for (const byte of new TextEncoder().encode(tenant)) {
    const char = String.fromCharCode(byte)
    name += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return name
}

/**
 * Number of the UTC day whose partition holds a row. Midnight itself belongs to the day that ends there, as
 * every whole minute does to the minute before it, so that a counter's cell lies in one day.
 */
export function dayOf(ms: number, ns: number): number {
  const day = Math.floor(ms / DAY_MS)
  return ns === 0 && day * DAY_MS === ms ? day - 1 : day
}

/** `YYYY-MM-DD` of a day number. */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().replace(/T.*/, '')
}

/** Where the files of the write-ahead log lie. */
export function walDir(dir: string): string {
  return join(dir, 'wal')
}

/** A file of the write-ahead log by its number. */
export function walPath(dir: string, sequence: number): string {
  return join(dir, 'wal', `${sequenceText(sequence)}.wal`)
}

/** Where the tenants' partitions lie. */
export function segmentsDir(dir: string): string {
  return join(dir, 'segments')
}

/** The folder of one tenant's segments of one day (days since the epoch, UTC). */
export function partitionDir(dir: string, tenant: string, day: number): string {
  return join(dir, 'segments', tenantDirName(tenant), dayName(day))
}

/** The file name says which log files the segment covers, so that repeating a flush replaces its own file. */
export function segmentName(walFrom: number, walTo: number): string {
  return `${sequenceText(walFrom)}-${sequenceText(walTo)}.seg`
}

/** The name of a segment that took over the rows of others. docs/formats/segment.md, Rewriting. */
export function rewrittenName(walFrom: number, walTo: number, generation: number): string {
  return `${sequenceText(walFrom)}-${sequenceText(walTo)}.${generation}.seg`
}

/** What a start needs to know of all segments. docs/formats/segment-index.md */
export function indexPath(dir: string): string {
  return join(dir, 'segments.idx')
}

/** Where the requests to delete rows are kept. */
export function deletesPath(dir: string): string {
  return join(dir, 'deletes.json')
}

function sequenceText(sequence: number): string {
  return String(sequence).padStart(16, '0')
}
