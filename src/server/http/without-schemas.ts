/**
 * For Fastify: no route has a schema, so the compilers for these, some hundred modules, are not loaded.
 */
export const WITHOUT_SCHEMAS = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } }

function refuse(): never {
  throw new Error('a route has a schema, and there is nothing to compile it')
}
