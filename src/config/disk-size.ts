import { parseSize } from '#base/size.ts'

/** A size of a disk: bytes, or a share of the whole disk, 0 … 1. */
export type DiskSize = { readonly bytes: number } | { readonly share: number }

/**
 * Reads `20GB`, `4096` or `80%`; undefined for nothing at all, which sets no limit.
 * @throws Error with what is wrong and what to write instead
 */
export function parseDiskSize(text: string): DiskSize | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const percent = /^(\d+(?:\.\d+)?) ?%$/.exec(trimmed)
  if (percent !== null) {
    const share = Number(percent[1]) / 100
    if (share > 0 && share < 1) return { share }
    throw new Error(`${trimmed} is no share of a disk: write more than 0% and less than 100%`)
  }
  let bytes: number
  try {
    bytes = parseSize(trimmed)
  } catch {
    throw new Error(`${JSON.stringify(trimmed)} is no size: write 20GB, 500MB or a share of the disk as 80%`)
  }
  if (bytes === 0) throw new Error('a size of 0 leaves no room: leave the setting out for no limit')
  return { bytes }
}
