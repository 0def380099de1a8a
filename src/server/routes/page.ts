import { existsSync } from 'node:fs'
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
    setHeaders: (reply, path) => setPageHeaders(reply, path.includes('/assets/')),
  })
}

/** What the static plugin lets set: the reply it is about to send. */
interface HeaderSetter {
  header(name: string, value: string): unknown
}

function setPageHeaders(reply: HeaderSetter, immutable: boolean): void {
  reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
}
