import { REQUEST_ID_HEADER } from './http-service.ts'

/** What another service answered. */
export interface CallResult {
  readonly status: number
  readonly body: unknown
}

/**
 * Calls another service of the shop with JSON, handing the request's id on. Any status is a result.
 * Throws when there is no answer within `timeoutMs`.
 */
export async function callService(
  method: 'GET' | 'POST',
  url: string,
  requestId: string,
  body?: unknown,
  timeoutMs = 5000,
): Promise<CallResult> {
  const response = await fetch(url, {
    method,
    headers: { [REQUEST_ID_HEADER]: requestId, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, body: await response.json() }
}
