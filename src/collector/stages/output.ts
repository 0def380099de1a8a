import { extractedText } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

/** `stage.output`: replaces the line by an extracted value. */
export const outputStage: StageDefinition<{ readonly source: string }> = {
  name: 'stage.output',
  schema: { attributes: { source: { type: 'string', required: true } } },
  build: (args, next) =>
    simpleStage(next, (entry) => {
      const text = extractedText(entry.extracted.get(args.source))
      if (text !== undefined) entry.line = text
    }),
}
