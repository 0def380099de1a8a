import { compileRegex } from '#base/regex/regex.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { filterStage, type StageDefinition } from './stage.ts'

interface Args {
  readonly source?: string
  readonly separator: string
  readonly value?: string
  readonly expression?: string
  /** Milliseconds. */
  readonly older_than?: number
  /** Bytes. */
  readonly longer_than?: number
  readonly drop_counter_reason: string
}

type Condition = (entry: StageEntry) => boolean

/** `stage.drop`: drops the entries for which every given condition holds. */
export const dropStage: StageDefinition<Args> = {
  name: 'stage.drop',
  schema: {
    attributes: {
      source: { type: 'string' },
      separator: { type: 'string', default: ';' },
      value: { type: 'string' },
      expression: { type: 'string' },
      older_than: { type: 'duration' },
      longer_than: { type: 'size' },
      drop_counter_reason: { type: 'string', default: 'drop_stage' },
    },
    validate: (args) => {
      conditionsOf(args as unknown as Args)
    },
  },
  build(args, next, context) {
    const conditions = conditionsOf(args)
    const isDropped = (entry: StageEntry): boolean => conditions.every((condition) => condition(entry))
    return filterStage(next, context, args.drop_counter_reason, (entry) => !isDropped(entry))
  },
}

function conditionsOf(args: Args): Condition[] {
  const { source, value, expression, older_than: olderThanMs, longer_than: longerThanBytes } = args
  if (value && expression) throw new Error('drop stage: at most one of value and expression may be set')
  if (value && !source) throw new Error('drop stage: source must be set when value is set')
  const conditions: Condition[] = []
  if (longerThanBytes) conditions.push((entry) => lineBytes(entry) > longerThanBytes)
  if (olderThanMs) conditions.push((entry) => Date.now() - entry.tsMs > olderThanMs)
  const text = source
    ? joinedSources(
        source.split(',').map((key) => key.trim()),
        args.separator,
      )
    : undefined
  if (expression) {
    const pattern = compileRegex(expression)
    conditions.push((entry) => {
      const subject = text === undefined ? entry.line : text(entry)
      return subject !== undefined && pattern.test(subject)
    })
  } else if (value) conditions.push((entry) => text?.(entry) === value)
  else if (text !== undefined) conditions.push((entry) => text(entry) !== undefined)
  if (conditions.length === 0) {
    throw new Error('drop stage: at least one of source, expression, older_than or longer_than must be set')
  }
  return conditions
}

function lineBytes(entry: StageEntry): number {
  const line = entry.rawLine
  return typeof line === 'string' ? Buffer.byteLength(line) : line.length
}

/** The values of all keys, joined; `undefined` as soon as one is missing. */
function joinedSources(
  keys: readonly string[],
  separator: string,
): (entry: StageEntry) => string | undefined {
  return (entry) => {
    const values: string[] = []
    for (const key of keys) {
      const value = extractedText(entry.extracted.get(key))
      if (value === undefined) return undefined
      values.push(value)
    }
    return values.join(separator)
  }
}
