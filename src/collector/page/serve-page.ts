import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { pageHeaders } from '#base/page-headers.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The document of the collector's page among the files of the built page. */
const DOCUMENT = 'collector.html'

/** The file that a path stands for, relative to the folder of the page; `undefined` for others. */
function fileOf(path: string): string | undefined {
  if (path === '/') return DOCUMENT
  // One plain name below `assets`: nothing that could lead out of the folder.
  return /^\/(?:favicon\.svg|assets\/\w[\w.-]*\.(?:js|css|svg))$/.test(path) ? path.slice(1) : undefined
}

/**
 * Answers a GET of the collector's page or one of its files. Resolves with whether it was one, so that the
 * caller answers the others. `pageDir` holds the built page.
 */
export async function servePage(pageDir: string, path: string, response: ServerResponse): Promise<boolean> {
  const name = fileOf(path)
  if (name === undefined) return false
  const body = await readFile(join(pageDir, name)).catch(() => undefined)
  if (body === undefined) return false
  response.writeHead(200, {
    ...pageHeaders(name.startsWith('assets/')),
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'content-length': body.length,
  })
  response.end(body)
  return true
}
