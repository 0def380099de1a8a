import { labelsText } from '#base/labels.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { type Delivery, makeDelivery } from '../pipeline.ts'
import type { StageEntry } from './entry.ts'
import type { StageDefinition } from './stage.ts'

interface Args {
  readonly firstline: string
  readonly max_lines: number
  /** Milliseconds. */
  readonly max_wait_time: number
  readonly trim_newlines: boolean
}

/** The lines of one stream that belong together so far. */
interface Block {
  readonly start: StageEntry
  readonly lines: string[]
  readonly deliveries: Delivery[]
  timer: NodeJS.Timeout
}

/**
 * `stage.multiline`: joins the lines of a stream from one that matches `firstline` up to the next that does.
 */
export const multilineStage: StageDefinition<Args> = {
  name: 'stage.multiline',
  schema: {
    attributes: {
      firstline: { type: 'string', required: true },
      max_lines: { type: 'number', default: 128 },
      max_wait_time: { type: 'duration', default: 3000 },
      trim_newlines: { type: 'bool', default: true },
    },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      compileRegex(args.firstline)
      if (args.max_wait_time <= 0) throw new Error('multiline stage: max_wait_time must be greater than 0')
    },
  },
  build(args, next, context) {
    const firstLine = compileRegex(args.firstline)
    const blocks = new Map<string, Block>()
    const flush = (key: string): void | Promise<void> => {
      const block = blocks.get(key)
      if (block === undefined) return
      blocks.delete(key)
      clearTimeout(block.timer)
      return next(joined(block))
    }
    const flushLate = (key: string): void => {
      Promise.resolve(flush(key)).then(() => context.emitted())
    }
    return {
      async push(entry) {
        const key = labelsText(entry.labels)
        const line = args.trim_newlines ? entry.line.replace(/\n+$/, '') : entry.line
        const isFirst = firstLine.test(line)
        const open = blocks.get(key)
        if (open === undefined && !isFirst) return next(entry)
        if (open !== undefined && !isFirst) {
          open.lines.push(line)
          open.deliveries.push(entry.delivery)
          open.timer.refresh()
          if (args.max_lines > 0 && open.lines.length >= args.max_lines) await flush(key)
          return
        }
        await flush(key)
        const timer = setTimeout(flushLate, args.max_wait_time, key)
        blocks.set(key, { start: entry, lines: [line], deliveries: [entry.delivery], timer })
        if (args.max_lines === 1) await flush(key)
      },
      close() {
        for (const key of [...blocks.keys()]) flush(key)
      },
    }
  },
}

/** One entry with the stamp, labels and metadata of the first; it holds the places of all. */
function joined({ start, lines, deliveries }: Block): StageEntry {
  if (lines.length === 1 && start.line === lines[0]) return start
  start.line = lines.join('\n')
  start.delivery = makeDelivery(() => {
    for (const delivery of deliveries) delivery.done()
  })
  return start
}
