import type { ComponentDefinition } from '../runtime/component.ts'
import { discoveryRelabel } from './discovery_relabel.ts'

/**
 * A definition whose argument type the table forgets: the runtime decodes by the schema, never by the type.
 */
function entry<Args>(definition: ComponentDefinition<Args>): [string, ComponentDefinition] {
  return [definition.name, definition as unknown as ComponentDefinition]
}

/** Every kind of component, by its name in the configuration. */
export const componentRegistry: ReadonlyMap<string, ComponentDefinition> = new Map([entry(discoveryRelabel)])
