import { labelsText } from '#base/labels.ts'
import type { LogEntry, LogsReceiver } from '../pipeline.ts'
import type { ComponentDefinition } from '../runtime/component.ts'
import { untilAborted } from './until_aborted.ts'

/** Writes every line it receives to the collector's own log at level info: for trying out a configuration. */
export const lokiEcho: ComponentDefinition = {
  name: 'loki.echo',
  stability: 'generally-available',
  role: 'sink',
  schema: { attributes: {} },
  build(context) {
    const receiver: LogsReceiver = {
      push: async (batch) => {
        const labels = labelsText(batch.labels)
        for (const entry of batch.entries) {
          context.logger.info(
            {
              labels,
              entry: typeof entry.line === 'string' ? entry.line : Buffer.from(entry.line).toString(),
              entry_timestamp: entryTime(entry),
              structured_metadata: labelsText(entry.metadata),
            },
            'received log entry',
          )
        }
        batch.delivery.done()
      },
    }
    context.setExports({ receiver })
    return { run: untilAborted, update: () => undefined }
  },
}

/** RFC 3339 with nanoseconds. */
function entryTime(entry: LogEntry): string {
  const text = new Date(entry.tsMs).toISOString()
  return `${text.slice(0, -1)}${String(entry.tsNs).padStart(6, '0')}Z`
}
