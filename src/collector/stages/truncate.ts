import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

type SourceType = 'line' | 'label' | 'structured_metadata' | 'extracted'

interface Rule {
  /** Bytes. */
  readonly limit: number
  readonly suffix: string
  readonly sources: readonly string[]
  readonly source_type: SourceType
}

/** `stage.truncate`: cuts lines, labels, structured metadata or extracted values that are too long. */
export const truncateStage: StageDefinition<{ readonly rule: readonly Rule[] }> = {
  name: 'stage.truncate',
  schema: {
    attributes: {},
    blocks: {
      rule: {
        repeated: true,
        required: true,
        body: {
          attributes: {
            limit: { type: 'size', required: true },
            suffix: { type: 'string', default: '' },
            sources: { type: { list: 'string' }, default: [] },
            source_type: {
              type: { oneOf: ['line', 'label', 'structured_metadata', 'extracted'] },
              default: 'line',
            },
          },
          validate: (rule) => checkRule(rule as unknown as Rule),
        },
      },
    },
  },
  build(args, next, context) {
    const truncated = context.counter(
      'loki_process_truncated_fields_total',
      'Fields that were cut for their length.',
      ['field'],
    )
    return simpleStage(next, (entry) => {
      const cut = args.rule.filter((rule) => applyRule(entry, rule))
      for (const { source_type: field } of cut) truncated.inc({ field })
      if (cut.length > 0)
        entry.extracted.set('truncated', cut.map(({ source_type: field }) => field).join(','))
    })
  },
}

function checkRule({ limit, suffix, sources, source_type: type }: Rule): void {
  if (limit <= 0) throw new Error('truncate stage: limit must be greater than 0')
  if (Buffer.byteLength(suffix) >= limit) throw new Error('truncate stage: suffix must be shorter than limit')
  if (type === 'line' && sources.length > 0) {
    throw new Error('truncate stage: sources must not be set when source_type is "line"')
  }
}

/** Applies one rule; true when it has cut something. */
function applyRule(entry: StageEntry, { limit, suffix, sources, source_type: type }: Rule): boolean {
  const isChosen = (name: string): boolean => sources.length === 0 || sources.includes(name)
  let isCut = false
  const cut = (text: string): string => {
    const bytes = Buffer.from(text)
    if (bytes.length <= limit) return text
    isCut = true
    return bytes.toString('utf8', 0, wholeCharacters(bytes, limit - Buffer.byteLength(suffix))) + suffix
  }
  if (type === 'line') {
    const line = cut(entry.line)
    if (isCut) entry.line = line
  } else if (type === 'label') {
    for (const [name, value] of entry.labels) if (isChosen(name)) entry.setLabel(name, cut(value))
  } else if (type === 'structured_metadata') {
    entry.metadata = entry.metadata.map(
      ([name, value]) => [name, isChosen(name) ? cut(value) : value] as const,
    )
  } else {
    for (const [name, value] of entry.extracted) {
      const text = isChosen(name) ? extractedText(value) : undefined
      if (text !== undefined) entry.extracted.set(name, cut(text))
    }
  }
  return isCut
}

/** The largest length up to `length` at which no UTF-8 character is split. */
function wholeCharacters(bytes: Buffer, length: number): number {
  while (length > 0 && (bytes[length] & 0xc0) === 0x80) length--
  return length
}
