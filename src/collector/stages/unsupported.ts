import type { AttributeSchema, BodySchema } from '../runtime/component.ts'
import type { StageDefinition } from './stage.ts'

/** A stage of Alloy that Logboom knows by name and cannot run yet: naming it is an error that says so. */
function unsupportedStage(
  name: string,
  attributes: readonly string[],
  blocks: readonly string[] = [],
): StageDefinition {
  const refuse = (): never => {
    throw new Error(`not supported yet: ${name}`)
  }
  const any: AttributeSchema = { type: 'any' }
  const empty: BodySchema = { attributes: {} }
  return {
    name,
    schema: {
      attributes: Object.fromEntries(attributes.map((attribute) => [attribute, any])),
      blocks: Object.fromEntries(blocks.map((block) => [block, { body: empty, repeated: true }])),
      validate: refuse,
    },
    build: refuse,
  }
}

/** All of them, with the attributes they have in Alloy. */
export const unsupportedStages: readonly StageDefinition[] = [
  unsupportedStage('stage.geoip', ['db', 'source', 'db_type', 'custom_lookups']),
  unsupportedStage('stage.eventlogmessage', ['source', 'drop_invalid_labels', 'overwrite_existing']),
  unsupportedStage('stage.windowsevent', ['source', 'drop_invalid_labels', 'overwrite_existing']),
]
