import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly labels: readonly string[]
  readonly ingest_timestamp: boolean
}

/** `stage.pack`: puts labels into the line, as JSON that LogQL's `unpack` reads. */
export const packStage: StageDefinition<Args> = {
  name: 'stage.pack',
  schema: {
    attributes: {
      labels: { type: { list: 'string' }, required: true },
      ingest_timestamp: { type: 'bool', default: true },
    },
  },
  build(args, next) {
    const names = [...args.labels].sort()
    return simpleStage(next, (entry) => {
      const packed: Record<string, string> = {}
      for (const name of names) {
        const value = entry.label(name)
        if (value === '') continue
        packed[name] = value
        entry.setLabel(name, '')
      }
      packed._entry = entry.line
      entry.line = JSON.stringify(packed)
      if (args.ingest_timestamp) {
        entry.tsMs = Date.now()
        entry.tsNs = 0
      }
    })
  },
}
