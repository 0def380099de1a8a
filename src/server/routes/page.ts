import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { pageHeaders } from '#base/page-headers.ts'

/** Serves the built page under `/`. */
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

function setPageHeaders(reply: HeaderSetter, isAsset: boolean): void {
  for (const [name, value] of Object.entries(pageHeaders(isAsset))) reply.header(name, value)
}
