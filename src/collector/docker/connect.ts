import { makeHttpClient } from '../write/http-client.ts'
import type { HttpClientArgs } from '../write/http-client-args.ts'
import { type DockerClient, makeDockerClient } from './client.ts'
import { parseDockerHost } from './host.ts'

/**
 * Makes the client for a component's `host`. As in Alloy the HTTP client arguments count for `http(s)://`
 * hosts only.
 * @throws OperatorError when the host is malformed.
 */
export function connectDocker(host: string, httpArgs: HttpClientArgs | undefined): DockerClient {
  const parsed = parseDockerHost(host)
  if (httpArgs === undefined || !/^https?:/.test(host)) return makeDockerClient(parsed)
  const http = makeHttpClient(httpArgs)
  return makeDockerClient(parsed, { headers: http.headers, tls: { ...http.tls } })
}
