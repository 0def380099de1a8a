import { OperatorError } from '#base/errors.ts'
import { type ClientOptions, getJson, type Parameters } from './query-client.ts'

/**
 * Runs a query and returns, instead of its result, how the server answered it, as indented JSON.
 * @throws OperatorError `client_answer` where the server does not tell, as any other Loki
 */
export async function explainQuery(
  options: ClientOptions,
  path: string,
  parameters: Parameters,
  signal?: AbortSignal,
): Promise<string> {
  const answer = await getJson({ ...options, explain: true }, path, parameters, signal)
  const explanation = (answer as { data?: { explain?: unknown } } | null)?.data?.explain
  if (explanation === undefined) {
    throw new OperatorError(
      'client_answer',
      `${options.addr} does not explain its answers; only Logboom does`,
    )
  }
  return `${JSON.stringify(explanation, undefined, 2)}\n`
}
