import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorMessage } from '#base/errors.ts'
import type { ServerContext } from '../context.ts'
import { readTime } from '../http/params.ts'
import { addRow, type DraftBatch, makeDraft } from '../push/draft-batch.ts'
import { parseLabelsText } from '../push/labels-text.ts'
import { PushError } from '../push/push-error.ts'
import { answerPush, takePush } from './push.ts'

interface LegacyPush {
  readonly streams?: readonly {
    readonly labels?: string
    readonly entries?: readonly { readonly ts?: string; readonly line?: string }[]
  }[]
}

/**
 * `POST /api/prom/push`: the older JSON,
 * `{"streams":[{"labels":"{…}","entries":[{"ts":…,"line":…}]}]}`, or
 * protobuf.
 */
export async function serveLegacyPush(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await answerPush(context, response, () => takePush(context, request, decodeLegacyJson))
}

/**
 * Nobody fast speaks this format, so it goes through JSON.parse; lines are gathered in one buffer all the
 * same.
 */
function decodeLegacyJson(body: Buffer): DraftBatch {
  if (body.length === 0) throw new PushError(400, 'EOF')
  const push = parseBody(body)
  const lines: Buffer[] = []
  let size = 0
  const draft = makeDraft(Buffer.alloc(0), () => [], 0)
  for (const stream of push.streams ?? []) {
    const text = String(stream.labels ?? '{}')
    const from = draft.rows
    for (const entry of stream.entries ?? []) {
      const line = Buffer.from(String(entry.line ?? ''))
      const { ms, ns } = entryTime(String(entry.ts ?? ''))
      const row = addRow(draft)
      draft.tsMs[row] = ms
      draft.tsNs[row] = ns
      draft.lineFrom[row] = size
      draft.lineTo[row] = size + line.length
      draft.metaFrom[row] = 0
      draft.metaTo[row] = 0
      size += line.length
      lines.push(line)
    }
    draft.streams.push({ labels: { key: text, pairs: () => parseLabelsText(text) }, from, to: draft.rows })
  }
  return { ...draft, bytes: Buffer.concat(lines, size) }
}

function parseBody(body: Buffer): LegacyPush {
  try {
    return (JSON.parse(body.toString()) ?? {}) as LegacyPush
  } catch (error) {
    throw new PushError(400, errorMessage(error))
  }
}

function entryTime(text: string): { ms: number; ns: number } {
  if (!text.includes('T')) {
    throw new PushError(
      400,
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse`,
    )
  }
  try {
    return readTime(text, { ms: 0, ns: 0 })
  } catch {
    throw new PushError(
      400,
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse`,
    )
  }
}
