import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import { VERSION } from '#base/version.ts'
import type { EndpointArgs } from './endpoint-args.ts'
import type { HttpAnswer, HttpClient } from './http-client.ts'
import { type PushBatch, pushPool } from './push-batch.ts'
import { snappyEncode, snappyMaxBytes } from './snappy-encoder.ts'
import type { DropReason, WriteMetrics } from './write-metrics.ts'

/** What became of a batch: on the server, dropped on purpose, or given up because sending has ended. */
export type SendResult = 'sent' | 'dropped' | 'unsent'

/** A batch ready to be sent, as often as it takes. */
export interface PreparedBatch {
  readonly batch: PushBatch
  readonly body: Uint8Array
  /** Gives the memory of the body back; nothing may be sent any more. */
  release(): void
}

/** Sends batches to one endpoint. */
export interface Sender {
  prepare(batch: PushBatch): PreparedBatch
  /**
   * Sends until the server takes the batch, refuses it for good, or attempts run out. `giveUp`, when it
   * aborts, ends waiting and retrying at once.
   */
  send(prepared: PreparedBatch, giveUp: AbortSignal): Promise<SendResult>
  /** Whether the last attempt failed, so that the server is believed to be away. */
  readonly isFailing: boolean
}

/** What a sender reports to. */
export interface SenderContext {
  readonly args: EndpointArgs
  readonly client: HttpClient
  readonly logger: Logger
  readonly metrics: WriteMetrics
  /** Called whenever `isFailing` changes, with the error or `''`. */
  onChange(problem: string): void
}

const MAX_QUOTED_CHARS = 1024

/** Makes the sender of an endpoint: Loki's push request, compressed with snappy; headers as Alloy's. */
export function makeSender(context: SenderContext): Sender {
  return new LokiSender(context)
}

class LokiSender implements Sender {
  readonly #context: SenderContext
  readonly #host: string
  #isFailing = false

  constructor(context: SenderContext) {
    this.#context = context
    this.#host = new URL(context.args.url).host
  }

  get isFailing(): boolean {
    return this.#isFailing
  }

  prepare(batch: PushBatch): PreparedBatch {
    return batch.encodeFor((request) => {
      const largest = pushPool.take(snappyMaxBytes(request.length))
      const sizeBytes = snappyEncode(request, largest)
      // What waits takes no more than it needs.
      const memory = pushPool.take(sizeBytes)
      largest.copy(memory, 0, 0, sizeBytes)
      pushPool.give(largest)
      return { batch, body: memory.subarray(0, sizeBytes), release: () => pushPool.give(memory) }
    })
  }

  async send(prepared: PreparedBatch, giveUp: AbortSignal): Promise<SendResult> {
    const { args, metrics, logger } = this.#context
    const { batch } = prepared
    let delayMs = args.min_backoff_period
    for (let attempts = 1; ; attempts++) {
      const failure = await this.#attempt(prepared, giveUp)
      if (failure === undefined) {
        this.#setProblem('')
        metrics.sent(this.#host, batch.tenant, batch.entries, batch.sizeBytes, batch.newestMs)
        return 'sent'
      }
      if (giveUp.aborted) return 'unsent'
      this.#setProblem(failure.isRetried ? failure.message : '')
      if (!failure.isRetried) return this.#drop(batch, failure, 'the server refused a batch, dropping data')
      if (args.max_backoff_retries > 0 && attempts >= args.max_backoff_retries) {
        return this.#drop(batch, failure, 'final error sending batch, no retries left, dropping data')
      }
      metrics.retried(this.#host, batch.tenant)
      const waitMs = Math.round(Math.min(delayMs * (1 + Math.random()), args.max_backoff_period))
      const fields = { host: this.#host, error: failure.message, attempts, waitMs }
      logger.warn(fields, 'error sending batch, will retry')
      await sleep(waitMs, undefined, { signal: giveUp }).catch(() => undefined)
      if (giveUp.aborted) return 'unsent'
      delayMs = Math.min(delayMs * 2, args.max_backoff_period)
    }
  }

  /** Sends once: `undefined` when the server took the batch, else what went wrong. */
  async #attempt({ batch, body }: PreparedBatch, giveUp: AbortSignal): Promise<Failure | undefined> {
    const { args, client, metrics } = this.#context
    const startedMs = performance.now()
    let answer: HttpAnswer | undefined
    let failure: Failure | undefined
    try {
      const headers = requestHeaders(args, batch.tenant)
      const { url, remote_timeout: timeoutMs } = args
      answer = await client.send({ method: 'POST', url, headers, body, timeoutMs, signal: giveUp })
      if (answer.status < 200 || answer.status > 299) failure = failureOf(answer, args.retry_on_http_429)
    } catch (error) {
      failure = { message: errorMessage(error), isRetried: true, reason: 'ingester_error' }
    }
    const seconds = (performance.now() - startedMs) / 1000
    metrics.request(this.#host, batch.tenant, answer?.status ?? -1, seconds, body.length)
    return failure
  }

  #drop({ entries, sizeBytes, tenant }: PushBatch, failure: Failure, message: string): SendResult {
    const { metrics, logger } = this.#context
    metrics.dropped(this.#host, tenant, failure.reason, entries, sizeBytes)
    logger.error({ host: this.#host, tenant, entries, bytes: sizeBytes, error: failure.message }, message)
    return 'dropped'
  }

  #setProblem(problem: string): void {
    if (this.#isFailing === (problem !== '')) return
    this.#isFailing = problem !== ''
    this.#context.onChange(problem)
  }
}

interface Failure {
  readonly message: string
  readonly isRetried: boolean
  readonly reason: DropReason
}

function failureOf(answer: HttpAnswer, retry429: boolean): Failure {
  const line = answer.bodyStart.split('\n', 1)[0].slice(0, MAX_QUOTED_CHARS)
  const { status, statusText } = answer
  return {
    message: `server returned HTTP status ${status} ${statusText} (${status}): ${line}`,
    isRetried: status >= 500 || (status === 429 && retry429),
    reason: status === 429 ? 'rate_limited' : 'ingester_error',
  }
}

/** Headers that the configuration may not replace, as in Alloy. */
const OWN_HEADERS = ['content-type', 'content-encoding', 'user-agent', 'x-scope-orgid']

function requestHeaders(args: EndpointArgs, tenant: string): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/x-protobuf',
    'Content-Encoding': 'snappy',
    'User-Agent': `Logboom/${VERSION}`,
  }
  if (tenant !== '') headers['X-Scope-OrgID'] = tenant
  for (const [name, value] of Object.entries(args.headers)) {
    const lower = name.toLowerCase()
    if (!OWN_HEADERS.includes(lower) || (lower === 'x-scope-orgid' && tenant === '')) headers[name] = value
  }
  return headers
}
