import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { answer, type FakeEntry } from './fake-answers.ts'

/** The policy the server sends with the page: no script but its own, nothing loaded from elsewhere. */
export const PAGE_CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

/** A small Loki for tests of the page: fixed entries, the page's own files, and switches for odd cases. */
export interface FakeLoki {
  readonly url: string
  /** Every API request so far, as `path?query`. */
  readonly requests: string[]
  /** Adds entries, as if they had just been pushed. */
  push(entries: readonly FakeEntry[]): void
  /** Makes every following request of a path end with this status and text; null ends that. */
  failWith(path: string, failure: { status: number; text: string } | null): void
  close(): Promise<void>
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** Starts the fake on a free port. `pageDir` holds the built page. */
export async function startFakeLoki(pageDir: string, initial: readonly FakeEntry[]): Promise<FakeLoki> {
  const entries = [...initial]
  const requests: string[] = []
  const failures = new Map<string, { status: number; text: string }>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    if (!url.pathname.startsWith('/loki/')) return void servePage(pageDir, url.pathname, response)
    requests.push(`${url.pathname}${url.search}`)
    const path = url.pathname.slice('/loki/api/v1/'.length)
    const failure = failures.get(path)
    const result = failure === undefined ? answer(path, url.searchParams, entries) : null
    const status = failure?.status ?? result?.status ?? 500
    const type = status === 200 ? 'application/json; charset=UTF-8' : 'text/plain; charset=utf-8'
    response.writeHead(status, { 'content-type': type })
    response.end(failure?.text ?? result?.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    push: (more) => void entries.push(...more),
    failWith: (path, failure) =>
      void (failure === null ? failures.delete(path) : failures.set(path, failure)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function servePage(
  dir: string,
  path: string,
  response: ServerResponse<IncomingMessage>,
): Promise<void> {
  const name = path === '/' ? 'index.html' : normalize(path).replace(/^([/\\]|\.\.)+/, '')
  try {
    const body = await readFile(join(dir, name))
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': PAGE_CSP,
    })
    response.end(body)
  } catch {
    response.writeHead(404).end('not found')
  }
}
