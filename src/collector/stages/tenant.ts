import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly label?: string
  readonly source?: string
  readonly value?: string
}

/** The label by which loki.write knows the tenant of an entry. */
const TENANT_LABEL = '__tenant_id__'

/** `stage.tenant`: sets the tenant of an entry, from a label, an extracted value or a fixed one. */
export const tenantStage: StageDefinition<Args> = {
  name: 'stage.tenant',
  schema: {
    attributes: { label: { type: 'string' }, source: { type: 'string' }, value: { type: 'string' } },
    validate: (args) => {
      const given = [args.label, args.source, args.value].filter(Boolean)
      if (given.length !== 1)
        throw new Error('tenant stage: exactly one of label, source and value must be set')
    },
  },
  build(args, next) {
    const tenantOf = (entry: StageEntry): string => {
      if (args.label) return entry.label(args.label)
      if (args.source) return extractedText(entry.extracted.get(args.source)) ?? ''
      return args.value ?? ''
    }
    return simpleStage(next, (entry) => {
      const tenant = tenantOf(entry)
      if (tenant !== '') entry.setLabel(TENANT_LABEL, tenant)
    })
  },
}
