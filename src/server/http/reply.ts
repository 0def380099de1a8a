import type { ServerResponse } from 'node:http'

/** Loki's content type of answers. */
export const JSON_TYPE = 'application/json; charset=UTF-8'
/** Loki's content type of errors and status pages. */
export const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Sends a complete text answer. */
export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, TEXT_TYPE, body, headers)
}

/** Sends an error the way Go's `http.Error` does: plain text that no browser may take for anything else. */
export function sendError(response: ServerResponse, status: number, body: string): void {
  sendText(response, status, body, { 'x-content-type-options': 'nosniff' })
}

/** Sends a complete answer of any type. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': length })
  response.end(body)
}

/** Sends an answer without body. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': 0 })
  response.end()
}
