import { compress } from 'snappy'
import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { VERSION } from '#base/version.ts'
import type { Limits } from '#config/schema/limits.ts'
import type { RulerConfig } from '#config/schema/ruler.ts'
import { remoteWriteClientSchema } from '#config/schema/ruler-clients.ts'
import { isRawMap } from '#config/tree.ts'
import { alertKey } from './active-alert.ts'
import { type DeliveryQueue, makeDeliveryQueue } from './delivery-queue.ts'
import { type PostTarget, post, textOrFile } from './http-post.ts'
import type { RulerMetrics } from './metrics.ts'
import { checkedTarget } from './receivers.ts'
import { makeRelabel, type Relabel } from './relabel.ts'
import { encodeWriteRequest, type WriteSample } from './remote-write-request.ts'

/** Samples that have not been taken by a client. */
export interface UnsentSamples {
  readonly tenant: string
  readonly client: string
  readonly samples: readonly WriteSample[]
}

/** Sends what rules give to Prometheus-compatible servers. */
export interface RemoteWriters {
  /** Whether the samples of a tenant go anywhere. */
  wants(tenant: string): boolean
  /** Hands samples over; returns at once. */
  write(tenant: string, samples: readonly WriteSample[]): void
  unsent(): UnsentSamples[]
  restore(unsent: readonly UnsentSamples[]): void
  close(): Promise<void>
}

/** What the writers work with. */
export interface RemoteWriteOptions {
  readonly ruler: RulerConfig
  readonly limitsOf: (tenant: string) => Limits
  readonly metrics: RulerMetrics
  readonly logger: Logger
  readonly onChange: () => void
}

type Client = RulerConfig['remote_write']['clients'][string]

interface Line {
  readonly client: string
  readonly target: PostTarget
  readonly queue: DeliveryQueue<WriteSample>
  /** The client's `write_relabel_configs`. */
  readonly relabel: Relabel
}

/** Samples of one client that may wait: at 100 bytes each, a few megabytes. */
const MIN_CAPACITY = 50_000

/** Makes the writers: a queue for each tenant and client of `ruler.remote_write`. */
export function makeRemoteWriters(options: RemoteWriteOptions): RemoteWriters {
  const { ruler, limitsOf, logger } = options
  const tenants = new Map<string, { readonly limits: Limits; readonly lines: Line[] }>()
  const linesOf = (tenant: string): Line[] => {
    const limits = limitsOf(tenant)
    const known = tenants.get(tenant)
    if (known !== undefined && known.limits === limits) return known.lines
    let lines: Line[] = []
    try {
      lines = Object.entries(clientsOf(ruler, limits)).map(([name, client]) =>
        makeLine(options, tenant, name, client),
      )
    } catch (error) {
      logger.error({ tenant, err: errorMessage(error) }, 'remote write is not possible')
    }
    for (const { client, queue, target } of known?.lines ?? []) {
      void queue.close().then(() => target.agent.destroy())
      lines.find((line) => line.client === client)?.queue.add(queue.waiting())
    }
    tenants.set(tenant, { limits, lines })
    return lines
  }
  return {
    wants: (tenant) => linesOf(tenant).length > 0,
    write(tenant, samples) {
      for (const { client, queue, relabel } of linesOf(tenant)) {
        queue.add(relabelled(samples, relabel))
        options.metrics.samplesPending.set({ tenant, remote_name: client }, queue.size)
      }
    },
    unsent: () =>
      [...tenants].flatMap(([tenant, { lines }]) =>
        lines
          .filter(({ queue }) => queue.size > 0)
          .map(({ client, queue }) => ({ tenant, client, samples: queue.waiting() })),
      ),
    restore(unsent) {
      for (const { tenant, client, samples } of unsent) {
        linesOf(tenant)
          .find((line) => line.client === client)
          ?.queue.add(samples)
      }
    },
    async close() {
      const lines = [...tenants.values()].flatMap((tenant) => tenant.lines)
      await Promise.all(lines.map(({ queue }) => queue.close()))
      for (const { target } of lines) target.agent.destroy()
    },
  }
}

/** The clients of a tenant: those of `ruler`, each overlaid by the tenant's `ruler_remote_write_config`. */
function clientsOf(ruler: RulerConfig, limits: Limits): Record<string, Client> {
  const { enabled, clients } = ruler.remote_write
  if (!enabled || limits.ruler_remote_write_disabled) return {}
  const own = limits.ruler_remote_write_config
  if (!isRawMap(own)) return clients
  const merged = { ...clients }
  for (const [name, given] of Object.entries(own)) {
    const parsed = remoteWriteClientSchema.safeParse(given ?? {})
    if (!parsed.success || !isRawMap(given)) {
      const why = parsed.success ? 'it is not a mapping' : parsed.error.issues[0].message
      throw new OperatorError('ruler_remote_write', `ruler_remote_write_config.${name}: ${why}`)
    }
    const set = Object.fromEntries(Object.entries(parsed.data).filter(([key]) => key in given))
    merged[name] = { ...(clients[name] ?? parsed.data), ...set }
  }
  return merged
}

function relabelled(samples: readonly WriteSample[], relabel: Relabel): WriteSample[] {
  return samples.flatMap((sample) => {
    const labels = relabel(sample.labels)
    return labels === undefined || labels.length === 0 ? [] : [{ ...sample, labels }]
  })
}

function makeLine(options: RemoteWriteOptions, tenant: string, name: string, client: Client): Line {
  const { ruler, metrics, logger, onChange } = options
  const target = clientTarget(client)
  const { queue_config: queue } = client
  const labels = { tenant, remote_name: name }
  const maxAgeMs = queue.sample_age_limit > 0 ? queue.sample_age_limit : ruler.wal.max_age
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'user-agent': `logboom/${VERSION}`,
    'x-prometheus-remote-write-version': '0.1.0',
    ...(ruler.remote_write.add_org_id_header ? { 'x-scope-orgid': tenant } : {}),
  }
  const made: DeliveryQueue<WriteSample> = makeDeliveryQueue<WriteSample>({
    keyOf: (sample) => `${alertKey(sample.labels)} ${sample.timeMs}`,
    capacity: Math.max(queue.capacity, MIN_CAPACITY),
    batchSize: Math.max(queue.max_samples_per_send, 1),
    gatherMs: Math.min(queue.batch_send_deadline, 1000),
    minBackoffMs: Math.max(queue.min_backoff, 1),
    maxBackoffMs: Math.max(queue.max_backoff, 1),
    retries429: queue.retry_on_http_429,
    isLate: ({ timeMs }, nowMs) => maxAgeMs > 0 && nowMs - timeMs > maxAgeMs,
    send: async (samples, signal) =>
      post(target, await compress(encodeWriteRequest(samples)), headers, signal),
    onAttempt: (count, _seconds, delivered) =>
      (delivered ? metrics.samplesSent : metrics.samplesFailed).inc(labels, count),
    onDropped: (count) => metrics.samplesDropped.inc(labels, count),
    onChange: () => {
      metrics.samplesPending.set(labels, made.size)
      onChange()
    },
    logger: logger.child({ tenant, remoteWrite: target.url.href }),
  })
  const relabel = makeRelabel(
    `remote_write.clients.${name}.write_relabel_configs`,
    client.write_relabel_configs,
  )
  return { client: name, target, queue: made, relabel }
}

function clientTarget(client: Client): PostTarget {
  const { basic_auth: basic, authorization: auth, tls_config: tls } = client
  const bearer = textOrFile(client.bearer_token, client.bearer_token_file, 'bearer_token_file')
  return checkedTarget('remote_write.clients', {
    url: client.url,
    headers: client.headers,
    timeoutMs: client.remote_timeout,
    username: textOrFile(basic.username, basic.username_file, 'username_file'),
    password: textOrFile(basic.password, basic.password_file, 'password_file'),
    authType: bearer === '' ? auth.type : 'Bearer',
    credentials: bearer || textOrFile(auth.credentials, auth.credentials_file, 'credentials_file'),
    tls: {
      ca: textOrFile(tls.ca, tls.ca_file, 'ca_file'),
      cert: textOrFile(tls.cert, tls.cert_file, 'cert_file'),
      key: textOrFile(tls.key, tls.key_file, 'key_file'),
      serverName: tls.server_name,
      insecure: tls.insecure_skip_verify,
    },
  })
}
