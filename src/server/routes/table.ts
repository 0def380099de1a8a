import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LokiConfig } from '#config/schema/root.ts'
import type { ServerContext } from '../context.ts'
import { readParams } from '../query/request.ts'
import { type QueryCall, type QueryHandler, serveQuery } from '../query/run-query.ts'
import { ADMIN_ROUTES } from './admin-table.ts'
import { serveCacheGeneration } from './cache-generation.ts'
import { serveDelete } from './delete.ts'
import { serveDetectedFields, serveDetectedFieldValues, serveDetectedLabels } from './detected.ts'
import { serveFormatQuery } from './format-query.ts'
import { serveIndexStats, serveVolume, serveVolumeRange } from './index-stats.ts'
import { serveLabels, serveLabelValues, serveSeries } from './labels.ts'
import { serveLegacyPush } from './legacy-push.ts'
import { serveLegacyQuery } from './legacy-query.ts'
import { serveOtlp } from './otlp.ts'
import { servePatterns } from './patterns.ts'
import { servePush } from './push.ts'
import { serveQueryInstant, serveQueryRange } from './query.ts'
import { serveStoreStatus } from './store-status.ts'
import { serveDrilldownLimits, serveTenantLimits } from './tenant-limits.ts'

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

function reading(path: string, handler: QueryHandler): Route {
  return {
    methods: READ,
    path,
    serve: ({ context, request, response }) => serveQuery(context, request, response, handler),
  }
}

function named(path: string, handler: (call: QueryCall, name: string) => ReturnType<QueryHandler>): Route {
  return {
    methods: READ,
    path,
    serve: ({ context, request, response, variables }) =>
      serveQuery(context, request, response, (call) => handler(call, variables.name)),
  }
}

const READ_ROUTES: readonly Route[] = [
  reading('/loki/api/v1/query_range', serveQueryRange),
  reading('/loki/api/v1/query', serveQueryInstant),
  reading('/api/prom/query', serveLegacyQuery),
  reading('/loki/api/v1/labels', serveLabels),
  reading('/loki/api/v1/label', serveLabels),
  reading('/api/prom/label', serveLabels),
  named('/loki/api/v1/label/:name/values', serveLabelValues),
  named('/api/prom/label/:name/values', serveLabelValues),
  reading('/loki/api/v1/series', serveSeries),
  reading('/api/prom/series', serveSeries),
  reading('/loki/api/v1/index/stats', serveIndexStats),
  reading('/loki/api/v1/index/volume', serveVolume),
  reading('/loki/api/v1/index/volume_range', serveVolumeRange),
  reading('/loki/api/v1/detected_labels', serveDetectedLabels),
  reading('/loki/api/v1/detected_fields', serveDetectedFields),
  named('/loki/api/v1/detected_field/:name/values', serveDetectedFieldValues),
  {
    methods: READ,
    path: '/loki/api/v1/patterns',
    serve: ({ context, request, response }) =>
      serveQuery(context, request, response, (call) => servePatterns(call, context.config)),
  },
]

const STATUS_ROUTES: readonly Route[] = [
  {
    methods: READ,
    path: '/loki/api/v1/format_query',
    serve: async ({ request, response }) => serveFormatQuery(response, await readParams(request)),
  },
  {
    methods: ['GET'],
    path: '/loki/api/v1/drilldown-limits',
    serve: ({ context, request, response }) => serveDrilldownLimits(context, request, response),
  },
  {
    methods: ['GET'],
    path: '/config/tenant/v1/limits',
    serve: ({ context, request, response }) => serveTenantLimits(context, request, response),
  },
]

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
    serve: ({ context, request, response }) => serveLegacyPush(context, request, response),
  },
  {
    methods: ['POST'],
    path: '/otlp/v1/logs',
    serve: ({ context, request, response }) => serveOtlp(context, request, response),
  },
  { methods: ['GET', 'POST', 'PUT', 'DELETE'], path: '/loki/api/v1/delete', serve: serveDelete },
  { methods: ['GET'], path: '/loki/api/v1/cache/generation_numbers', serve: serveCacheGeneration },
  { methods: ['POST'], path: '/loki/api/v1/cache/generation_numbers/increase', serve: serveCacheGeneration },
  { methods: ['GET'], path: '/logboom/api/v1/status', serve: serveStoreStatus },
  ...READ_ROUTES,
  ...STATUS_ROUTES,
  ...ADMIN_ROUTES,
]
