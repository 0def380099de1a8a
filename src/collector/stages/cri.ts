import { labelsText } from '#base/labels.ts'
import { parseRfc3339 } from '#base/rfc3339.ts'
import { type Delivery, makeDelivery } from '../pipeline.ts'
import type { StageEntry } from './entry.ts'
import type { StageDefinition } from './stage.ts'

interface Args {
  readonly max_partial_lines: number
  readonly max_partial_line_size: number
  readonly max_partial_line_size_truncate: boolean
}

/** The pieces of a line so far. */
interface Partial {
  readonly first: StageEntry
  text: string
  readonly deliveries: Delivery[]
}

const FORM = /^(\S+) (stdout|stderr) (?:([PF]\S*) )?(.*)$/s

/**
 * `stage.cri`: reads the lines of Kubernetes' container runtimes, `<time> stdout F <text>`, and joins pieces.
 */
export const criStage: StageDefinition<Args> = {
  name: 'stage.cri',
  schema: {
    attributes: {
      max_partial_lines: { type: 'number', default: 100 },
      max_partial_line_size: { type: 'size', default: 0 },
      max_partial_line_size_truncate: { type: 'bool', default: false },
    },
  },
  build(args, next, context) {
    const open = new Map<string, Partial>()
    const cut = (text: string): string => {
      const { max_partial_line_size: max, max_partial_line_size_truncate: isCut } = args
      return isCut && max > 0 && text.length > max ? text.slice(0, max) : text
    }
    const flush = (key: string, partial: Partial): void | Promise<void> => {
      open.delete(key)
      return next(joined(partial))
    }
    return {
      async push(entry) {
        const isPiece = readCri(entry)
        const key = labelsText(entry.labels)
        const partial = open.get(key)
        if (!isPiece) {
          if (partial === undefined) return next(entry)
          partial.text = cut(partial.text + entry.line)
          partial.deliveries.push(entry.delivery)
          return flush(key, partial)
        }
        if (partial === undefined) {
          if (open.size >= args.max_partial_lines) {
            context.logger.warn(
              { max_partial_lines: args.max_partial_lines },
              'stage.cri: too many partial lines',
            )
            for (const [other, pieces] of open) await flush(other, pieces)
          }
          open.set(key, { first: entry, text: cut(entry.line), deliveries: [entry.delivery] })
        } else {
          partial.text = cut(partial.text + entry.line)
          partial.deliveries.push(entry.delivery)
        }
      },
      close() {
        for (const [key, partial] of open) flush(key, partial)
      },
    }
  },
}

/** Takes a line apart; true when more pieces of it follow. */
function readCri(entry: StageEntry): boolean {
  const match = FORM.exec(entry.line)
  if (match === null) return false
  const [, time, stream, flags = 'F', content] = match
  const { extracted } = entry
  extracted.set('flags', flags)
  extracted.set('stream', stream)
  extracted.set('content', content)
  extracted.set('time', time)
  const parsed = parseRfc3339(time)
  if (parsed !== undefined) {
    entry.tsMs = parsed.ms
    entry.tsNs = parsed.ns
  }
  entry.setLabel('stream', stream)
  entry.line = content
  return flags.startsWith('P')
}

function joined({ first, text, deliveries }: Partial): StageEntry {
  first.line = text
  first.delivery = makeDelivery(() => {
    for (const delivery of deliveries) delivery.done()
  })
  return first
}
