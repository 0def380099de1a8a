import { loadLater } from '#base/load-later.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import { readParams } from '../query/request.ts'
import {
  serveBuildInfo,
  serveConfig,
  serveFlush,
  serveFlushTenant,
  serveLogLevel,
  serveMetrics,
  serveReady,
  serveServices,
} from './status.ts'
import type { Route } from './table.ts'

const pprof = loadLater(() => import('./pprof.ts'))
const rings = loadLater(() => import('./ring.ts'))
const shutdown = loadLater(() => import('./shutdown.ts'))

const EITHER = ['GET', 'POST'] as const

/** What tells of the server and what steers it. */
export const ADMIN_ROUTES: readonly Route[] = [
  { methods: ['GET'], path: '/ready', serve: ({ context, response }) => serveReady(context, response) },
  {
    methods: ['GET'],
    path: '/metrics',
    serve: ({ context, response }) => serveMetrics(context, response),
    isThere: ({ server }) => server.register_instrumentation,
  },
  {
    methods: ['GET'],
    path: '/config',
    serve: async ({ context, request, response }) =>
      serveConfig(context, response, await readParams(request)),
  },
  { methods: ['GET'], path: '/services', serve: ({ context, response }) => serveServices(context, response) },
  {
    methods: ['GET'],
    path: '/loki/api/v1/status/buildinfo',
    serve: ({ response }) => serveBuildInfo(response),
  },
  {
    methods: EITHER,
    path: '/log_level',
    serve: async ({ context, request, response }) =>
      serveLogLevel(context, response, request.method ?? 'GET', await readParams(request)),
  },
  { methods: EITHER, path: '/flush', serve: ({ context, response }) => serveFlush(context, response) },
  {
    methods: ['POST'],
    path: '/flush/tenant',
    serve: ({ context, request, response }) => serveFlushTenant(context, request, response),
  },
  {
    methods: ['POST'],
    path: '/ingester/shutdown',
    serve: async ({ context, request, response }) =>
      (await shutdown()).serveShutdown(context, response, await readParams(request)),
  },
  {
    methods: ['GET', 'POST', 'DELETE'],
    path: '/ingester/prepare_shutdown',
    serve: async ({ context, request, response }) =>
      (await shutdown()).servePrepareShutdown(context, request, response),
  },
  {
    methods: ['GET'],
    path: '/debug/pprof/',
    serve: async ({ response }) => (await pprof()).servePprof(response),
  },
  {
    methods: ['GET'],
    path: '/debug/pprof/profile',
    serve: async ({ request, response }) => (await pprof()).serveCpuProfile(request, response),
  },
  {
    methods: ['GET'],
    path: '/debug/pprof/heap',
    serve: async ({ response }) => (await pprof()).serveHeap(response),
  },
  {
    methods: EITHER,
    path: '/memberlist',
    serve: async ({ response }) => (await rings()).serveMemberlist(response),
  },
  ring('/ring'),
  ring('/distributor/ring'),
  ring('/ingester/ring'),
  ring('/compactor/ring'),
  ring('/scheduler/ring'),
  ring('/ruler/ring'),
  ring('/pattern/ring', ({ pattern_ingester: patterns }) => patterns.enabled),
]

function ring(path: string, isThere?: (config: LokiConfig) => boolean): Route {
  return {
    methods: EITHER,
    path,
    serve: async ({ context, request, response }) => (await rings()).serveRing(context, request, response),
    ...(isThere === undefined ? {} : { isThere }),
  }
}
