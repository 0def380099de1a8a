import { parseJson } from '#base/parse-json.ts'
import { compileRegex } from '#base/regex/regex.ts'
import type { Extracted, StageEntry } from './entry.ts'
import { compileJsonPath } from './json-path.ts'
import { sourceReader } from './source-text.ts'
import type { StageDefinition } from './stage.ts'

interface Args {
  readonly expressions?: Readonly<Record<string, string>>
  readonly regex?: string
  readonly source?: string
  readonly drop_malformed: boolean
}

/** `stage.json`: extracts values of a JSON object, by JMESPath or by a pattern of top-level keys. */
export const jsonStage: StageDefinition<Args> = {
  name: 'stage.json',
  schema: {
    attributes: {
      expressions: { type: { map: 'string' } },
      regex: { type: 'string' },
      source: { type: 'string' },
      drop_malformed: { type: 'bool', default: false },
    },
    validate: (args) => {
      makeExtractor(args as unknown as Args)
    },
  },
  build(args, next, context) {
    const extract = makeExtractor(args)
    const read = sourceReader(args.source)
    return {
      push(entry) {
        const text = read(entry)
        if (text !== undefined && !extract(text, entry)) {
          context.logger.debug({}, 'stage.json: the text is no JSON object')
          if (args.drop_malformed) {
            entry.delivery.done()
            return
          }
        }
        return next(entry)
      },
    }
  },
}

function makeExtractor(args: Args): (text: string, entry: StageEntry) => boolean {
  const expressions = Object.entries(args.expressions ?? {})
  const keys = args.regex ? compileRegex(args.regex) : undefined
  if (expressions.length === 0 && keys === undefined) {
    throw new Error('json stage: at least one of expressions or regex is required')
  }
  const paths = expressions.map(([name, path]) => [name, compileJsonPath(path || name)] as const)
  return (text, entry) => {
    const object = parseObject(text)
    if (object === undefined) return false
    for (const [name, path] of paths) {
      try {
        entry.extracted.set(name, extractedOf(path(object)))
      } catch {
        // A function that cannot take what the path found extracts nothing, as in Alloy.
      }
    }
    if (keys !== undefined) {
      for (const [key, value] of Object.entries(object)) {
        if (keys.test(key)) entry.extracted.set(key, extractedOf(value))
      }
    }
    return true
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.includes('{')) return undefined
  try {
    const value: unknown = parseJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Objects and arrays are extracted as their JSON text. */
function extractedOf(value: unknown): Extracted {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}
