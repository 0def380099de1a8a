import type { IncomingMessage } from 'node:http'
import { type BodyLimits, decodeContent, mediaType, readBody, uncompressSnappy } from './body.ts'
import { draftByKernel } from './decode-by-kernel.ts'
import { decodeProtobufPush } from './decode-protobuf.ts'
import type { DraftBatch } from './draft-batch.ts'
import type { Scratch } from './scratch.ts'

/** Decodes a JSON body; it may change the bytes and must not keep them. */
export type JsonDecoder = (bytes: Buffer) => DraftBatch

/**
 * Reads and decodes a push and hands it to `use`, the rows still lying in borrowed memory, which is given
 * back when
 * `use` is done.
 * @throws PushError with Loki's status and text
 */
export async function withPush(
  request: IncomingMessage,
  limits: BodyLimits,
  scratch: Scratch,
  decodeJson: JsonDecoder,
  use: (draft: DraftBatch) => Promise<void>,
): Promise<void> {
  const type = mediaType(request.headers['content-type'])
  const encoding = request.headers['content-encoding'] ?? ''
  const leases: Buffer[] = []
  let heldBytes = 0
  try {
    const received = await readBody(request, limits.receivedBytes, scratch)
    leases.push(received.lease)
    const content = await decodeContent(received.body, encoding, limits)
    if (content !== received.body) {
      scratch.hold(content.length)
      heldBytes = content.length
    }
    if (type === 'application/json') {
      await use(decodeJson(content))
    } else {
      await use(decodeSnappyPush(content, limits, scratch, leases))
    }
  } finally {
    scratch.letGo(heldBytes)
    for (const lease of leases) scratch.release(lease)
  }
}

/** A push in a snappy block of protobuf. What it borrows is added to `leases`. */
function decodeSnappyPush(
  content: Buffer,
  limits: BodyLimits,
  scratch: Scratch,
  leases: Buffer[],
): DraftBatch {
  const draft = draftByKernel(content, limits, scratch, leases)
  if (draft !== undefined) return draft
  const plain = uncompressSnappy(content, limits, scratch)
  leases.push(plain.lease)
  return decodeProtobufPush(plain.body)
}
