import { buildStages, type StageBlock, stageSchemas } from './registry.ts'
import { compileSelector } from './selector.ts'
import { filterStage, type StageDefinition } from './stage.ts'

interface Args {
  readonly selector: string
  readonly action: 'keep' | 'drop'
  readonly drop_counter_reason: string
  readonly stages: readonly StageBlock[]
}

/**
 * `stage.match`: has stages work on, or drops, the entries that a selector chooses; the others pass
 * untouched.
 */
export const matchStage: StageDefinition<Args> = {
  name: 'stage.match',
  schema: {
    attributes: {
      selector: { type: 'string', required: true },
      action: { type: { oneOf: ['keep', 'drop'] }, default: 'keep' },
      pipeline_name: { type: 'string' },
      drop_counter_reason: { type: 'string', default: 'match_stage' },
    },
    ordered: { field: 'stages', blocks: stageSchemas },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      compileSelector(args.selector)
      if (args.action === 'keep' && args.stages.length === 0) {
        throw new Error('match stage: nested stages are required when the action is "keep"')
      }
      if (args.action === 'drop' && args.stages.length > 0) {
        throw new Error('match stage: nested stages are forbidden when the action is "drop"')
      }
    },
  },
  build(args, next, context) {
    const isChosen = compileSelector(args.selector)
    if (args.action === 'drop') {
      return filterStage(next, context, args.drop_counter_reason, (entry) => !isChosen(entry))
    }
    const inner = buildStages(args.stages, next, context)
    return {
      push: (entry) => (isChosen(entry) ? inner.push(entry) : next(entry)),
      close: () => inner.close?.(),
    }
  },
}
