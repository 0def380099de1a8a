import { loadLater } from '#base/load-later.ts'
import { sendEmpty } from '../http/reply.ts'
import type { RuleHandler } from './rules.ts'
import type { Route } from './table.ts'

const rules = loadLater(() => import('./rules.ts'))
const prometheus = loadLater(() => import('./rules-prometheus.ts'))

type LoadHandler = () => Promise<RuleHandler>

const listRules: LoadHandler = async () => (await rules()).listRules

/** The rules API, under its two prefixes, and Prometheus'. There only where a ruler is. */
export const RULE_ROUTES: readonly Route[] = [
  ...['/loki/api/v1/rules', '/api/prom/rules'].flatMap((path): Route[] => [
    ruleRoute('GET', path, listRules),
    ruleRoute('GET', `${path}/:namespace`, listRules),
    ruleRoute('POST', `${path}/:namespace`, async () => (await rules()).setGroup),
    ruleRoute('DELETE', `${path}/:namespace`, async () => (await rules()).deleteNamespace),
    ruleRoute('GET', `${path}/:namespace/:group`, async () => (await rules()).getGroup),
    ruleRoute('DELETE', `${path}/:namespace/:group`, async () => (await rules()).deleteGroup),
  ]),
  prometheusRoute('/prometheus/api/v1/rules', async () => (await prometheus()).servePrometheusRules),
  prometheusRoute('/prometheus/api/v1/alerts', async () => (await prometheus()).servePrometheusAlerts),
]

function ruleRoute(method: 'GET' | 'POST' | 'DELETE', path: string, load: LoadHandler): Route {
  return {
    methods: [method],
    path,
    serveSlash: ({ response }) => sendEmpty(response, 405),
    serve: async (call) => (await rules()).serveRules(call, await load()),
  }
}

function prometheusRoute(path: string, load: LoadHandler): Route {
  return {
    methods: ['GET'],
    path,
    serve: async (call) => (await rules()).servePrometheus(call, await load()),
  }
}
