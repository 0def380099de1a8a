import type { BlockSchema } from '../runtime/component.ts'
import { hashText } from './hash-text.ts'
import { checkHttpClientArgs, type HttpClientArgs, httpClientSchema } from './http-client-args.ts'

/** A decoded `endpoint {}` of loki.write. Durations in milliseconds, sizes in bytes. */
export interface EndpointArgs extends HttpClientArgs {
  readonly url: string
  readonly name: string
  readonly batch_wait: number
  readonly batch_size: number
  readonly remote_timeout: number
  readonly headers: Readonly<Record<string, string>>
  readonly min_backoff_period: number
  readonly max_backoff_period: number
  /** Attempts in total; 0 means without end. */
  readonly max_backoff_retries: number
  readonly tenant_id: string
  readonly retry_on_http_429: boolean
  readonly queue_config?: QueueArgs
}

/** `queue_config {}`. */
export interface QueueArgs {
  readonly capacity: number
  readonly min_shards: number
  /**
   * How long sending goes on at the end; absent: as long as it succeeds, at most {@link DEFAULT_DRAIN_MS}.
   */
  readonly drain_timeout?: number
  /**
   * What a full queue does: `true` holds the sources back, `false` drops. Absent: holds them back, unless
   * this endpoint fails while another one works; then it drops, so that one dead endpoint never stalls the
   * others.
   */
  readonly block_on_overflow?: boolean
}

/** Queue settings where none are given. */
export const DEFAULT_QUEUE: QueueArgs = { capacity: 10 * 1024 * 1024, min_shards: 1 }

/**
 * Short enough for the process to end in time; what is left is read again from its source after a restart.
 */
export const DEFAULT_DRAIN_MS = 4000

/** The schema of `endpoint {}`. */
export const endpointBlock: BlockSchema = {
  repeated: true,
  body: {
    attributes: {
      ...httpClientSchema.attributes,
      url: { type: 'string', required: true },
      name: { type: 'string', default: '' },
      batch_wait: { type: 'duration', default: 1000 },
      batch_size: { type: 'size', default: 1024 * 1024 },
      remote_timeout: { type: 'duration', default: 10_000 },
      // Hidden, because tokens stand in them; Alloy shows them.
      headers: { type: { map: 'secret' }, default: {} },
      min_backoff_period: { type: 'duration', default: 500 },
      max_backoff_period: { type: 'duration', default: 5 * 60_000 },
      max_backoff_retries: { type: 'number', default: 10 },
      tenant_id: { type: 'string', default: '' },
      retry_on_http_429: { type: 'bool', default: true },
    },
    blocks: {
      ...httpClientSchema.blocks,
      queue_config: {
        body: {
          attributes: {
            capacity: { type: 'size', default: DEFAULT_QUEUE.capacity },
            min_shards: { type: 'number', default: DEFAULT_QUEUE.min_shards },
            drain_timeout: { type: 'duration' },
            block_on_overflow: { type: 'bool' },
          },
        },
      },
    },
    validate: (decoded) => checkEndpoint(decoded as unknown as EndpointArgs),
  },
}

function checkEndpoint(args: EndpointArgs): void {
  const url = URL.parse(args.url)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`endpoint url ${JSON.stringify(args.url)} is not an http:// or https:// URL`)
  }
  checkHttpClientArgs(args)
  const queue = args.queue_config ?? DEFAULT_QUEUE
  if (!Number.isInteger(queue.min_shards) || queue.min_shards < 1) {
    throw new Error('queue_config: min_shards must be a whole number of at least 1')
  }
  if (queue.capacity <= 0) throw new Error('queue_config: capacity must be greater than 0')
}

/** The name an endpoint goes by: its own, or six hexadecimal digits made of its settings. */
export function endpointName(args: EndpointArgs): string {
  if (args.name !== '') return args.name
  const settings = JSON.stringify([args.url, args.tenant_id, args.headers])
  return hashText(settings).toString(16).padStart(8, '0').slice(0, 6)
}
