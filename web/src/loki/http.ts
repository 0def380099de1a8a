/** A request that the server refused, or that never reached it (`status` 0). */
export class LokiError extends Error {
  readonly status: number
  /** Where in the query the server sees the error; 1-based, null where it does not say. */
  readonly line: number | null
  readonly col: number | null

  constructor(status: number, message: string) {
    super(message)
    this.name = 'LokiError'
    this.status = status
    const place = /parse error at line (\d+), col (\d+)/.exec(message)
    // Loki counts some lines from 0; columns are always 1-based.
    this.line = place === null ? null : Math.max(1, Number(place[1]))
    this.col = place === null ? null : Math.max(1, Number(place[2]))
  }
}

/** Query parameters; undefined ones are left out. */
export type Params = Readonly<Record<string, string | number | undefined>>

/** GETs a route of the Loki API: {@link getJsonAt} `loki/api/v1/`. */
export function getJson<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
  return getJsonAt(`loki/api/v1/${path}`, params, signal)
}

/**
 * GETs a path of the server, addressed relative to the page, and returns its JSON.
 * Throws {@link LokiError}; an aborted request throws the signal's reason.
 */
export async function getJsonAt<T>(path: string, params: Params, signal: AbortSignal): Promise<T> {
  const url = new URL(path, document.baseURI)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  }
  let response: Response
  let text: string
  try {
    // Keeps stream labels, structured metadata and parsed labels apart, as Grafana asks for them.
    response = await fetch(url, {
      signal,
      headers: { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' },
    })
    text = await response.text()
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw new LokiError(
      0,
      `The server cannot be reached (${error instanceof Error ? error.message : error}).`,
    )
  }
  if (!response.ok) throw new LokiError(response.status, text.trim() || `HTTP ${response.status}`)
  try {
    return JSON.parse(text) as T
  } catch {
    throw new LokiError(response.status, `The answer of /${path} is not JSON.`)
  }
}

/** The message of anything that was thrown, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
