import type { IncomingMessage, ServerResponse } from 'node:http'
import { loadLater } from '#base/load-later.ts'
import type { LokiConfig } from '#config/schema/root.ts'
import type { ServerContext } from '../context.ts'
import { readParams } from '../query/request.ts'
import type { QueryCall, QueryHandler } from '../query/run-query.ts'
import { ADMIN_ROUTES } from './admin-table.ts'
import { servePush } from './push.ts'

/** What a route works with. */
export interface RouteCall {
  readonly context: ServerContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Variables of the path, decoded. */
  readonly variables: Readonly<Record<string, string>>
}

/** One path of the API. */
export interface Route {
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[]
  readonly path: string
  readonly serve: (call: RouteCall) => Promise<void> | void
  /** Whether a configuration has the path; without this every one has. */
  readonly isThere?: (config: LokiConfig) => boolean
  /** Answers where a variable of the path holds a slash. Default: 404. */
  readonly serveSlash?: (call: RouteCall) => void
}

const READ = ['GET', 'POST'] as const

// What a push needs is here from the start on; all else is loaded when it is asked for, or soon after.
const query = loadLater(() => import('./query.ts'))
const runQuery = loadLater(() => import('../query/run-query.ts'))
const labels = loadLater(() => import('./labels.ts'))
const indexStats = loadLater(() => import('./index-stats.ts'))
const detected = loadLater(() => import('./detected.ts'))
const patterns = loadLater(() => import('./patterns.ts'))
const legacyQuery = loadLater(() => import('./legacy-query.ts'))
const legacyPush = loadLater(() => import('./legacy-push.ts'))
const otlp = loadLater(() => import('./otlp.ts'))
const deletes = loadLater(() => import('./delete.ts'))
const cacheGeneration = loadLater(() => import('./cache-generation.ts'))
const storeStatus = loadLater(() => import('./store-status.ts'))
const formatQuery = loadLater(() => import('./format-query.ts'))
const tenantLimits = loadLater(() => import('./tenant-limits.ts'))

function reading(path: string, load: () => Promise<QueryHandler>): Route {
  return named(path, load)
}

function named(
  path: string,
  load: () => Promise<(call: QueryCall, name: string) => ReturnType<QueryHandler>>,
): Route {
  return {
    methods: READ,
    path,
    serve: async ({ context, request, response, variables }) => {
      const [{ serveQuery }, handler] = await Promise.all([runQuery(), load()])
      await serveQuery(context, request, response, (call) => handler(call, variables.name))
    },
  }
}

const serveQueryRange = async () => (await query()).serveQueryRange
const serveQueryInstant = async () => (await query()).serveQueryInstant
const serveLabels = async () => (await labels()).serveLabels
const serveLabelValues = async () => (await labels()).serveLabelValues
const serveSeries = async () => (await labels()).serveSeries

const READ_ROUTES: readonly Route[] = [
  reading('/loki/api/v1/query_range', serveQueryRange),
  reading('/loki/api/v1/query', serveQueryInstant),
  reading('/api/prom/query', async () => (await legacyQuery()).serveLegacyQuery),
  reading('/loki/api/v1/labels', serveLabels),
  reading('/loki/api/v1/label', serveLabels),
  reading('/api/prom/label', serveLabels),
  named('/loki/api/v1/label/:name/values', serveLabelValues),
  named('/api/prom/label/:name/values', serveLabelValues),
  reading('/loki/api/v1/series', serveSeries),
  reading('/api/prom/series', serveSeries),
  reading('/loki/api/v1/index/stats', async () => (await indexStats()).serveIndexStats),
  reading('/loki/api/v1/index/volume', async () => (await indexStats()).serveVolume),
  reading('/loki/api/v1/index/volume_range', async () => (await indexStats()).serveVolumeRange),
  reading('/loki/api/v1/detected_labels', async () => (await detected()).serveDetectedLabels),
  reading('/loki/api/v1/detected_fields', async () => (await detected()).serveDetectedFields),
  named('/loki/api/v1/detected_field/:name/values', async () => (await detected()).serveDetectedFieldValues),
  {
    methods: READ,
    path: '/loki/api/v1/patterns',
    serve: async ({ context, request, response }) => {
      const [{ serveQuery }, { servePatterns }] = await Promise.all([runQuery(), patterns()])
      await serveQuery(context, request, response, (call) => servePatterns(call, context.config))
    },
  },
]

const STATUS_ROUTES: readonly Route[] = [
  {
    methods: READ,
    path: '/loki/api/v1/format_query',
    serve: async ({ request, response }) => {
      const { serveFormatQuery } = await formatQuery()
      serveFormatQuery(response, await readParams(request))
    },
  },
  {
    methods: ['GET'],
    path: '/loki/api/v1/drilldown-limits',
    serve: async ({ context, request, response }) =>
      (await tenantLimits()).serveDrilldownLimits(context, request, response),
  },
  {
    methods: ['GET'],
    path: '/config/tenant/v1/limits',
    serve: async ({ context, request, response }) =>
      (await tenantLimits()).serveTenantLimits(context, request, response),
  },
]

const serveCacheGeneration = async (call: RouteCall) => (await cacheGeneration()).serveCacheGeneration(call)

/** Every path the server answers, the page apart. */
export const ROUTES: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/loki/api/v1/push',
    serve: ({ context, request, response }) => servePush(context, request, response),
  },
  {
    methods: ['POST'],
    path: '/api/prom/push',
    serve: async ({ context, request, response }) =>
      (await legacyPush()).serveLegacyPush(context, request, response),
  },
  {
    methods: ['POST'],
    path: '/otlp/v1/logs',
    serve: async ({ context, request, response }) => (await otlp()).serveOtlp(context, request, response),
  },
  {
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    path: '/loki/api/v1/delete',
    serve: async (call) => (await deletes()).serveDelete(call),
  },
  { methods: ['GET'], path: '/loki/api/v1/cache/generation_numbers', serve: serveCacheGeneration },
  { methods: ['POST'], path: '/loki/api/v1/cache/generation_numbers/increase', serve: serveCacheGeneration },
  {
    methods: ['GET'],
    path: '/logboom/api/v1/status',
    serve: async (call) => (await storeStatus()).serveStoreStatus(call),
  },
  ...READ_ROUTES,
  ...STATUS_ROUTES,
  ...ADMIN_ROUTES,
]
