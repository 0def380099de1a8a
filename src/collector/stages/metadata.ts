import { type Labels, makeLabels } from '#base/labels.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly values?: Readonly<Record<string, string | null>>
  readonly regex?: string
}

/** `stage.structured_metadata`: moves extracted values, else labels, into structured metadata. */
export const structuredMetadataStage: StageDefinition<Args> = {
  name: 'stage.structured_metadata',
  schema: {
    attributes: { values: { type: { map: 'any' } }, regex: { type: 'string' } },
    validate: ({ regex }) => {
      if (typeof regex === 'string') compileRegex(regex)
    },
  },
  build(args, next) {
    const pairs = Object.entries(args.values ?? {}).map(([name, key]) => [name, key || name] as const)
    const names = args.regex ? compileRegex(args.regex) : undefined
    return simpleStage(next, (entry) => {
      for (const [name, key] of pairs) move(entry, name, key)
      if (names === undefined) return
      for (const key of [...entry.extracted.keys()]) if (names.test(key)) move(entry, key, key)
    })
  },
}

function move(entry: StageEntry, name: string, key: string): void {
  const extracted = extractedText(entry.extracted.get(key))
  const value = extracted ?? entry.label(key)
  if (extracted === undefined && value === '') return
  entry.metadata = withPair(entry.metadata, name, value)
  entry.setLabel(key, '')
}

function withPair(metadata: Labels, name: string, value: string): Labels {
  return makeLabels([...metadata.filter(([known]) => known !== name), [name, value]])
}

/** `stage.structured_metadata_drop`: removes structured metadata by name. */
export const structuredMetadataDropStage: StageDefinition<{ readonly values: readonly string[] }> = {
  name: 'stage.structured_metadata_drop',
  schema: { attributes: { values: { type: { list: 'string' }, required: true } } },
  build(args, next) {
    const dropped = new Set(args.values)
    return simpleStage(next, (entry) => {
      entry.metadata = entry.metadata.filter(([name]) => !dropped.has(name))
    })
  },
}
