import type { BodySchema } from '../runtime/component.ts'
import { extractedText } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface LabelsArgs {
  /** Label name → key; null or empty: the same name. */
  readonly values: Readonly<Record<string, string | null>>
  readonly source_type: 'extracted' | 'structured_metadata'
}

/** `stage.labels`: sets labels from extracted values or from structured metadata. */
export const labelsStage: StageDefinition<LabelsArgs> = {
  name: 'stage.labels',
  schema: {
    attributes: {
      values: { type: { map: 'any' }, required: true },
      source_type: { type: { oneOf: ['extracted', 'structured_metadata'] }, default: 'extracted' },
    },
    validate: ({ values }) => checkNames(Object.keys(values as LabelsArgs['values'])),
  },
  build(args, next) {
    const pairs = Object.entries(args.values).map(([name, key]) => [name, key || name] as const)
    const isMetadata = args.source_type === 'structured_metadata'
    return simpleStage(next, (entry) => {
      for (const [name, key] of pairs) {
        const found = isMetadata
          ? entry.metadata.find(([metadataName]) => metadataName === key)?.[1]
          : extractedText(entry.extracted.get(key))
        if (found !== undefined) entry.setLabel(name, found)
      }
    })
  },
}

interface StaticArgs {
  readonly values: Readonly<Record<string, string | null>>
}

/** `stage.static_labels`: sets labels to fixed values; empty ones are skipped. */
export const staticLabelsStage: StageDefinition<StaticArgs> = {
  name: 'stage.static_labels',
  schema: {
    attributes: { values: { type: { map: 'any' }, required: true } },
    validate: ({ values }) => checkNames(Object.keys(values as StaticArgs['values'])),
  },
  build(args, next) {
    const pairs = Object.entries(args.values).map(
      ([name, value]) => [name, extractedText(value) ?? ''] as const,
    )
    return simpleStage(next, (entry) => {
      for (const [name, value] of pairs) if (value !== '') entry.setLabel(name, value)
    })
  },
}

interface NamesArgs {
  readonly values: readonly string[]
}

const namesSchema: BodySchema = {
  attributes: { values: { type: { list: 'string' }, required: true } },
  validate: ({ values }) => {
    if ((values as readonly string[]).length === 0) throw new Error('values must not be empty')
  },
}

/** `stage.label_drop`: removes labels by name. */
export const labelDropStage: StageDefinition<NamesArgs> = {
  name: 'stage.label_drop',
  schema: namesSchema,
  build: (args, next) =>
    simpleStage(next, (entry) => {
      for (const name of args.values) entry.setLabel(name, '')
    }),
}

/** `stage.label_keep`: removes all labels but these. */
export const labelKeepStage: StageDefinition<NamesArgs> = {
  name: 'stage.label_keep',
  schema: namesSchema,
  build(args, next) {
    const kept = new Set(args.values)
    return simpleStage(next, (entry) => {
      for (const [name] of entry.labels) if (!kept.has(name)) entry.setLabel(name, '')
    })
  },
}

function checkNames(names: readonly string[]): void {
  for (const name of names) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw new Error(`invalid label name: ${name}`)
  }
}
