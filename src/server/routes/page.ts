import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { loadLater } from '#base/load-later.ts'
import { pageHeaders } from '#base/page-headers.ts'
import { WITHOUT_SCHEMAS } from '../http/without-schemas.ts'

const staticFiles = loadLater(() => import('@fastify/static'))

/** Answers a request for a path that is not the API's: with a file of the page, or as `notFound` does. */
export type ServePage = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Serves the built page under `/`; `undefined` where there is none. It is an app of its own, made when it is
 * first asked for: the API need not wait for it.
 */
export function makePage(
  pageDir: string | undefined,
  notFound: (response: ServerResponse) => void,
): ServePage | undefined {
  if (pageDir === undefined || !existsSync(pageDir)) return undefined
  let app: Promise<FastifyInstance> | undefined
  return async (request, response) => {
    app ??= makeApp(pageDir, notFound)
    ;(await app).routing(request, response)
  }
}

async function makeApp(
  pageDir: string,
  notFound: (response: ServerResponse) => void,
): Promise<FastifyInstance> {
  const { default: fastifyStatic } = await staticFiles()
  const app = Fastify({ logger: false, schemaController: WITHOUT_SCHEMAS })
  await app.register(fastifyStatic, {
    root: pageDir,
    prefix: '/',
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) => setPageHeaders(reply, path.includes('/assets/')),
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.hijack()
    notFound(reply.raw)
  })
  await app.ready()
  return app
}

/** What the static plugin lets set: the reply it is about to send. */
interface HeaderSetter {
  header(name: string, value: string): unknown
}

function setPageHeaders(reply: HeaderSetter, isAsset: boolean): void {
  for (const [name, value] of Object.entries(pageHeaders(isAsset))) reply.header(name, value)
}
