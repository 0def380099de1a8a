import type { Random } from './random.ts'

/** Writes one line of a service as it would log it at `ms`. */
export type LineMaker = (ms: number, host: string) => string

/** The kinds of logs in the corpus. */
export type LogKind = 'pino' | 'structlog' | 'logfmt' | 'nginx' | 'postgres' | 'java'

const PATHS = [
  '/',
  '/api/orders',
  '/api/orders/{id}',
  '/api/cart',
  '/api/products',
  '/api/products/{id}',
  '/api/users/{id}',
  '/healthz',
  '/api/checkout',
  '/static/app.js',
  '/static/logo.png',
  '/metrics',
]
const LEVELS = ['info', 'info', 'info', 'info', 'info', 'info', 'debug', 'debug', 'warn', 'error']
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 ' +
    'Version/18.5 Mobile Safari/604.1',
  'curl/8.5.0',
  'kube-probe/1.31',
  'python-requests/2.32.3',
]
const ERRORS = [
  'connection reset by peer',
  'context deadline exceeded',
  'payment declined',
  'upstream timed out (110: Connection timed out)',
  'duplicate key value violates unique constraint "orders_pkey"',
  'inventory lock timeout',
]
const EVENTS = [
  'task_started',
  'task_finished',
  'image_resized',
  'email_sent',
  'job_retry',
  'cache_miss',
  'order_packed',
]

const iso = (ms: number): string => new Date(ms).toISOString()

/** The line makers of every kind; what they make depends only on the order of calls and the seed. */
export function makeLogLines(random: Random): Record<LogKind, LineMaker> {
  const users = Array.from({ length: 5000 }, () => `u_${random.hex(8)}`)
  return {
    pino: makePino(random, users),
    structlog: makeStructlog(random),
    logfmt: makeLogfmt(random, users),
    nginx: makeNginx(random),
    postgres: makePostgres(random),
    java: makeJava(random),
  }
}

function path({ skewed, int }: Random): string {
  return skewed(PATHS).replace('{id}', () => String(1000 + int(90000)))
}

function makePino(random: Random, users: readonly string[]): LineMaker {
  const { next, pick, skewed, uuid } = random
  return (ms, hostname) =>
    JSON.stringify({
      level: pick([20, 30, 30, 30, 30, 40, 50]),
      time: ms,
      pid: 1,
      hostname,
      request_id: uuid(),
      method: pick(['GET', 'GET', 'GET', 'POST', 'PUT']),
      path: path(random),
      status: pick([200, 200, 200, 200, 201, 204, 301, 400, 404, 500, 503]),
      duration_ms: Math.round(next() ** 4 * 40000) / 10,
      user_id: skewed(users),
      msg: 'request completed',
    })
}

function makeStructlog({ next, int, pick, uuid }: Random): LineMaker {
  return (ms) => {
    const level = pick(LEVELS)
    const line: Record<string, unknown> = {
      event: pick(EVENTS),
      request_id: uuid(),
      level,
      logger: `app.${pick(['tasks', 'mailer', 'images', 'billing'])}`,
      timestamp: iso(ms),
      queue: pick(['default', 'high', 'low']),
      attempt: 1 + int(3),
      elapsed: +(next() * 12).toFixed(4),
    }
    if (level === 'error') {
      line.exc_info = pick(ERRORS)
      line.code = `E${int(500)}`
    }
    return JSON.stringify(line)
  }
}

function makeLogfmt({ next, int, pick, skewed, hex }: Random, users: readonly string[]): LineMaker {
  return (ms) => {
    const level = pick(LEVELS)
    const caller = `${pick(['handler', 'client', 'store', 'ring', 'flush'])}.go:${10 + int(700)}`
    const component = pick(['distributor', 'ingester', 'querier', 'compactor'])
    const trace = hex(16)
    const msg = pick(['request done', 'flushing chunk', 'slow query', 'heartbeat', 'retrying'])
    const duration = (next() ** 3 * 2000).toFixed(3)
    const head = `level=${level} ts=${iso(ms)} caller=${caller} component=${component} traceID=${trace}`
    const tail = `msg="${msg}" duration=${duration}ms bytes=${int(200000)} user=${skewed(users)}`
    return `${head} ${tail}${level === 'error' ? ` err="${pick(ERRORS)}"` : ''}`
  }
}

function makeNginx(random: Random): LineMaker {
  const { next, int, pick, skewed } = random
  return (ms) => {
    const from = `10.${int(4)}.${int(256)}.${int(256)}`
    const day = new Date(ms)
      .toUTCString()
      .slice(5, 25)
      .replace(/ /g, '/')
      .replace(/\/(\d\d:)/, ':$1')
    const request = `${pick(['GET', 'GET', 'POST'])} ${path(random)} HTTP/1.1`
    const answer = `${pick([200, 200, 200, 304, 404, 502])} ${int(60000)}`
    const agent = skewed(AGENTS)
    const took = (next() ** 4 * 3).toFixed(3)
    return `${from} - - [${day} +0000] "${request}" ${answer} "-" "${agent}" ${took}`
  }
}

function makePostgres({ next, int, pick }: Random): LineMaker {
  return (ms) => {
    const time = iso(ms).replace('T', ' ').replace('Z', '')
    const pid = 100 + int(400)
    const severity = pick(['LOG', 'LOG', 'LOG', 'ERROR', 'STATEMENT'])
    // Every message is made, whichever is taken: the numbers that follow depend on it.
    const took = (next() * 900).toFixed(3)
    const message = pick([
      `duration: ${took} ms  execute <unnamed>: SELECT id, total FROM orders WHERE user_id = $1`,
      `checkpoint complete: wrote ${int(4000)} buffers`,
      pick(ERRORS),
      'connection authorized: user=app database=shop',
    ])
    return `${time} UTC [${pid}] ${severity}:  ${message}`
  }
}

function makeJava({ int, pick }: Random): LineMaker {
  return (ms) => {
    const time = iso(ms).replace('T', ' ').replace('.', ',').replace('Z', '')
    const level = pick(['INFO ', 'INFO ', 'DEBUG', 'WARN ', 'ERROR'])
    const thread = `${pick(['http-nio-8080-exec-', 'pool-2-thread-', 'kafka-consumer-'])}${int(32)}`
    const logger = `c.s.${pick(['order.OrderService', 'pay.PaymentGateway', 'inv.StockRepository'])}`
    const message = pick([
      `Processed order ${100000 + int(900000)} in ${int(900)} ms`,
      `Retrying call to https://pay.internal/v2/charge attempt ${int(5)}`,
      `Committed offset ${int(1e9)} on partition ${int(24)}`,
      pick(ERRORS),
    ])
    return `${time} ${level} [${thread}] ${logger} - ${message}`
  }
}
