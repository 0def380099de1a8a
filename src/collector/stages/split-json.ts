import { sourceReader } from './source-text.ts'
import type { StageDefinition } from './stage.ts'

/** `stage.split_json`: makes an entry of each element of a JSON array. Other input passes as it is. */
export const splitJsonStage: StageDefinition<{ readonly source?: string }> = {
  name: 'stage.split_json',
  schema: { attributes: { source: { type: 'string' } } },
  build(args, next) {
    const read = sourceReader(args.source)
    return {
      async push(entry) {
        const elements = parseArray(read(entry))
        if (elements === undefined) return next(entry)
        for (const element of elements) await next(entry.copyWith(element))
        entry.delivery.done()
      },
    }
  },
}

/** The raw text of each element of a JSON array; `undefined` for anything else. */
export function parseArray(text: string | undefined): string[] | undefined {
  if (text === undefined || !text.trimStart().startsWith('[')) return undefined
  try {
    if (!Array.isArray(JSON.parse(text))) return undefined
  } catch {
    return undefined
  }
  // The text is valid JSON, so brackets and commas outside of strings are all there is to see.
  const elements: string[] = []
  let depth = 0
  let from = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    if (token === '[' || token === '{') {
      if (++depth === 1) from = index + 1
    } else if (token === ']' || token === '}') {
      if (--depth === 0 && text.slice(from, index).trim() !== '')
        elements.push(text.slice(from, index).trim())
    } else if (token === ',' && depth === 1) {
      elements.push(text.slice(from, index).trim())
      from = index + 1
    }
  }
  return elements
}
