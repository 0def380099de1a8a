import { compileRegex } from '#base/regex/regex.ts'
import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly mapping?: Readonly<Record<string, string>>
  readonly regex?: string
  readonly source?: string
}

/** `stage.logfmt`: extracts values of a logfmt line by key. */
export const logfmtStage: StageDefinition<Args> = {
  name: 'stage.logfmt',
  schema: {
    attributes: {
      mapping: { type: { map: 'string' } },
      regex: { type: 'string' },
      source: { type: 'string' },
    },
    validate: ({ mapping, regex }) => {
      if (Object.keys((mapping as Args['mapping']) ?? {}).length === 0 && !regex) {
        throw new Error('logfmt mapping is required')
      }
      if (typeof regex === 'string') compileRegex(regex)
    },
  },
  build(args, next) {
    const outputs = new Map(Object.entries(args.mapping ?? {}).map(([name, key]) => [key || name, name]))
    const keys = args.regex ? compileRegex(args.regex) : undefined
    const read = sourceReader(args.source)
    return simpleStage(next, (entry) => {
      const text = read(entry)
      if (text === undefined) return
      for (const [key, value] of logfmtPairs(text)) {
        const output = outputs.get(key)
        if (output !== undefined) entry.extracted.set(output, value)
        if (keys?.test(key) === true) entry.extracted.set(key, value)
      }
    })
  },
}

const PAIR = /[\s]*([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?/y

/** The pairs of a logfmt line up to the first place that is none. */
export function logfmtPairs(text: string): [key: string, value: string][] {
  const pairs: [string, string][] = []
  PAIR.lastIndex = 0
  for (let match = PAIR.exec(text); match !== null; match = PAIR.exec(text)) {
    const [, key, quoted, bare = ''] = match
    pairs.push([key, quoted === undefined ? bare : unquote(quoted)])
  }
  return pairs
}

function unquote(inside: string): string {
  if (!inside.includes('\\')) return inside
  try {
    return JSON.parse(`"${inside}"`)
  } catch {
    return inside
  }
}
