import type { QuerySettings } from '#logql/engine/types.ts'
import type { QueryCall } from './run-query.ts'

/** How a query is run: `X-Logboom-Explain: 1` asks for the way it was answered, under `data.explain`. */
export function querySettings({ request, shortcuts, parts }: QueryCall): QuerySettings {
  return { shortcuts, explain: request.headers['x-logboom-explain'] === '1', ...(parts && { parts }) }
}
