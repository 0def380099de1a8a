import type { LogBatch, LogsReceiver } from './pipeline.ts'

/**
 * Hands a batch to every receiver of a `forward_to` list and lets go of it. Resolves when all have taken it
 * over; the slowest decides. With no receivers the batch is let go of at once. Rejects when a receiver has
 * been stopped for good; the batch then stays undelivered, so its source reads it again.
 */
export async function fanOut(receivers: readonly LogsReceiver[], batch: LogBatch): Promise<void> {
  if (receivers.length === 1) return receivers[0].push(batch)
  for (const _ of receivers) batch.delivery.hold()
  await Promise.all(receivers.map((receiver) => receiver.push(batch)))
  batch.delivery.done()
}
