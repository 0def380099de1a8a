import type { FileHandle } from 'node:fs/promises'
import { nodeCrypto } from '#base/node-crypto.ts'

/** How far a file has been read, and which file it was. */
export interface FilePlace {
  /** Bytes read, or lines of a compressed file. */
  readonly offset: number
  /** What the file starts with; `undefined` in places that Alloy kept. */
  readonly signature: Signature | undefined
}

/**
 * The SHA-256, shortened, of the first bytes of a file: tells a rotated file from the one that took its name.
 */
export interface Signature {
  readonly sizeBytes: number
  readonly hash: string
}

const MAX_SIGNATURE_BYTES = 1024

/** The text kept in a positions file: `4096 1024:0123456789abcdef`; Alloy keeps the offset alone. */
export function placeText({ offset, signature }: FilePlace): string {
  return signature === undefined ? String(offset) : `${offset} ${signature.sizeBytes}:${signature.hash}`
}

/** Reads {@link placeText} and what Alloy keeps; `undefined` for anything else. */
export function parsePlace(text: string): FilePlace | undefined {
  const match = /^(\d{1,15})(?: (\d{1,4}):([0-9a-f]{16}))?$/.exec(text)
  if (match === null) return undefined
  const [, offset, sizeBytes, hash] = match
  const signature = hash === undefined ? undefined : { sizeBytes: Number(sizeBytes), hash }
  return { offset: Number(offset), signature }
}

/** Makes the signature of the file's first `sizeBytes` bytes, by default as many as there are up to 1,024. */
export async function readSignature(handle: FileHandle, sizeBytes = MAX_SIGNATURE_BYTES): Promise<Signature> {
  const buffer = Buffer.alloc(Math.min(sizeBytes, MAX_SIGNATURE_BYTES))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  const hash = nodeCrypto()
    .createHash('sha256')
    .update(buffer.subarray(0, bytesRead))
    .digest('hex')
    .slice(0, 16)
  return { sizeBytes: bytesRead, hash }
}

/** Whether a file is the one that `place` was read from, as far as its first bytes tell. */
export async function isSameFile(handle: FileHandle, { signature }: FilePlace): Promise<boolean> {
  if (signature === undefined || signature.sizeBytes === 0) return true
  const now = await readSignature(handle, signature.sizeBytes)
  return now.sizeBytes === signature.sizeBytes && now.hash === signature.hash
}
