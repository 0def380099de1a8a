import { existsSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/**
 * No script but the page's own files, nothing from elsewhere, no frame around it. Styles may stand in the
 * document
 * because the query editor writes its own.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * Serves the built page under `/`. Assets carry a hash in their name and may be kept for ever, the document
 * not.
 */
export async function registerPage(app: FastifyInstance, pageDir: string): Promise<void> {
  if (!existsSync(pageDir)) return
  await app.register(fastifyStatic, {
    root: pageDir,
    prefix: '/',
    wildcard: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      setPageHeaders(response as unknown as ServerResponse, path.includes('/assets/'))
    },
  })
}

function setPageHeaders(response: ServerResponse, immutable: boolean): void {
  response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
}
