import type { Agent, IncomingMessage } from 'node:http'
import { http } from '../node-http.ts'
import type { Stamp } from './cursor.ts'
import { DockerError, dockerErrorFrom } from './docker-error.ts'
import { withDockerName, withPodmanNames } from './engine-events.ts'
import type { DockerHost } from './host.ts'
import { type LogConfig, rotatedBytes } from './log-rotation.ts'
import { type LogStream, openLogStream } from './log-stream.ts'
import { type LogTime, parseLogTime } from './log-time.ts'

/** What a list of containers says of one; the fields that discovery uses. Source: Docker Engine API 1.41. */
export interface ContainerSummary {
  readonly Id: string
  readonly Names: readonly string[] | null
  readonly State: string
  /** For people, such as "Exited (0) 5 minutes ago". */
  readonly Status?: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Ports: readonly ContainerPort[] | null
  /** Podman leaves it out. */
  readonly HostConfig?: { readonly NetworkMode: string }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, ContainerNetwork>> | null } | null
}

/** A port of a container, published where `PublicPort` is there. */
export interface ContainerPort {
  readonly IP?: string
  readonly PrivatePort: number
  readonly PublicPort?: number
  readonly Type: string
}

/** A container's place in a network. */
export interface ContainerNetwork {
  readonly NetworkID: string
  readonly IPAddress: string
}

/** A network, as listed. */
export interface NetworkSummary {
  readonly Id: string
  readonly Name: string
  readonly Scope: string
  readonly Internal: boolean
  readonly Ingress: boolean
  readonly Labels: Readonly<Record<string, string>> | null
}

/** What a log reader needs to know of a container. */
export interface ContainerState {
  readonly tty: boolean
  readonly running: boolean
  /** Changes with every start and every end of the container. */
  readonly generation: string
  /** When its latest life began, in milliseconds since the epoch. */
  readonly startedMs: number
  /** When it last ended, in milliseconds since the epoch; long ago where it never has. */
  readonly finishedMs: number
  /** The log driver, e.g. `json-file`; some cannot be read back. */
  readonly logDriver: string
  /** The size at which the engine begins another log file; `undefined` where it never does. */
  readonly rotatedBytes: number | undefined
}

/** One event of the daemon. */
export interface DockerEvent {
  readonly Type?: string
  readonly Action?: string
  readonly Actor?: { readonly ID?: string }
}

/** Filters of the daemon: values of one name are alternatives, names must all hold. */
export type Filters = Readonly<Record<string, readonly string[]>>

/** Which containers to list. */
export interface ContainerQuery {
  /** Also those that do not run. */
  readonly all: boolean
  readonly filters: Filters
}

/** What to read of a container's log. */
export interface LogRequest {
  readonly sinceS: number
  readonly follow: boolean
  /** The log will not grow: fails where the daemon does not come to its end. */
  readonly isWhole?: boolean
  /** Only so many of the newest records; all where absent. */
  readonly tail?: number
}

/** The read-only calls that collecting needs: a socket proxy that allows GET on these paths is enough. */
export interface DockerClient {
  ping(): Promise<void>
  /** The `Server` header of the latest answer: `Docker/28.2.2 (linux)`. */
  readonly server: string
  containers(query: ContainerQuery): Promise<ContainerSummary[]>
  /** `undefined` when there is no such container any more. */
  container(id: string): Promise<ContainerState | undefined>
  networks(): Promise<NetworkSummary[]>
  /**
   * Calls `onEvent` for each event until the daemon ends the stream or `signal` aborts; `onOpen` when it has
   * begun.
   */
  events(
    filters: Filters,
    onEvent: (event: DockerEvent) => void,
    signal: AbortSignal,
    onOpen?: () => void,
  ): Promise<void>
  /** The container's log with stamps, from both streams. */
  logs(
    id: string,
    what: LogRequest,
    onBytes: (bytes: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<LogStream>
  /** The stamp of the newest record; `undefined` for an empty log. */
  newestStamp(id: string, tty: boolean): Promise<Stamp | undefined>
  close(): void
}

/** Settings beyond the address, for `http(s)://` hosts behind a proxy that wants them. */
export interface DockerClientOptions {
  /** Called before each request, as credentials may live in files that change. */
  readonly headers?: () => Promise<Readonly<Record<string, string>>>
  readonly tls?: Readonly<Record<string, unknown>>
  /** For everything but follow and event streams. Default 10 s. */
  readonly timeoutMs?: number
}

const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/**
 * A client for the daemon at `host`. Connects on first use; calls reject when the daemon cannot be reached.
 */
export function makeDockerClient(host: DockerHost, options: DockerClientOptions = {}): DockerClient {
  return new Client(host, options)
}

class Client implements DockerClient {
  readonly #host: DockerHost
  readonly #options: DockerClientOptions
  readonly #timeoutMs: number
  readonly #agent: Agent
  #server = ''

  constructor(host: DockerHost, options: DockerClientOptions) {
    this.#host = host
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
    const isTls = host.kind === 'tcp' && host.tls
    this.#agent = isTls
      ? new (process.getBuiltinModule('node:https').Agent)({ keepAlive: true, ...options.tls })
      : new http.Agent({ keepAlive: true })
  }

  get server(): string {
    return this.#server
  }

  async ping(): Promise<void> {
    await this.#getText('/_ping')
  }

  containers({ all, filters }: ContainerQuery): Promise<ContainerSummary[]> {
    return this.#getJson(`/containers/json?all=${all ? 1 : 0}&filters=${filterText(filters)}`)
  }

  async container(id: string): Promise<ContainerState | undefined> {
    try {
      return toState(await this.#getJson(`/containers/${id}/json`))
    } catch (error) {
      if (error instanceof DockerError && error.status === 404) return undefined
      throw error
    }
  }

  networks(): Promise<NetworkSummary[]> {
    return this.#getJson('/networks')
  }

  async events(
    filters: Filters,
    onEvent: (event: DockerEvent) => void,
    signal: AbortSignal,
    onOpen?: () => void,
  ): Promise<void> {
    const path = `/events?filters=${filterText(withPodmanNames(filters))}`
    const response = await this.#get(path, signal)
    const status = response.statusCode ?? 0
    if (status !== 200) throw dockerErrorFrom(status, path, (await readBody(response)).toString())
    onOpen?.()
    await readEvents(response, onEvent)
  }

  async logs(
    id: string,
    { sinceS, follow, isWhole, tail }: LogRequest,
    onBytes: (bytes: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<LogStream> {
    const tailed = tail === undefined ? '' : `&tail=${tail}`
    const query = `follow=${follow ? 1 : 0}&since=${sinceS}${tailed}`
    return this.#openLogs(id, query, onBytes, { signal, isWhole })
  }

  async newestStamp(id: string, tty: boolean): Promise<Stamp | undefined> {
    const chunks: Uint8Array[] = []
    const keep = (bytes: Uint8Array): void => void chunks.push(bytes.slice())
    const signal = AbortSignal.timeout(this.#timeoutMs)
    const stream = await this.#openLogs(id, 'follow=0&tail=1', keep, { signal })
    while (await stream.read());
    const bytes = Buffer.concat(chunks)
    const time: LogTime = { tsMs: 0, tsNs: 0, contentStart: 0 }
    const end = bytes.indexOf('\n')
    if (!parseLogTime(bytes, tty ? 0 : 8, end < 0 ? bytes.length : end, time)) return undefined
    return { tsMs: time.tsMs, tsNs: time.tsNs }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #openLogs(
    id: string,
    query: string,
    onBytes: (bytes: Uint8Array) => void,
    more: { readonly signal: AbortSignal; readonly isWhole?: boolean },
  ): Promise<LogStream> {
    const headers = (await this.#options.headers?.()) ?? {}
    const path = `/containers/${id}/logs?stdout=1&stderr=1&timestamps=1&${query}`
    const settings = { headers, tls: this.#options.tls, connectTimeoutMs: this.#timeoutMs, ...more }
    return openLogStream(this.#host, path, onBytes, settings)
  }

  async #getJson<Answer>(path: string): Promise<Answer> {
    return JSON.parse(await this.#getText(path))
  }

  async #getText(path: string): Promise<string> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    try {
      const response = await this.#get(path, signal)
      this.#server = String(response.headers.server ?? '')
      const body = (await readBody(response)).toString()
      if (response.statusCode === 200) return body
      throw dockerErrorFrom(response.statusCode ?? 0, path, body)
    } catch (error) {
      if (!signal.aborted) throw error
      throw new Error(
        `the Docker daemon did not answer GET ${path.split('?')[0]} within ${this.#timeoutMs} ms`,
      )
    }
  }

  async #get(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const host = this.#host
    const isUnix = host.kind === 'unix'
    const headers = { Host: isUnix ? 'docker' : host.hostname, ...(await this.#options.headers?.()) }
    const address = isUnix ? { socketPath: host.socketPath } : { host: host.hostname, port: host.port }
    const { request: send } = !isUnix && host.tls ? process.getBuiltinModule('node:https') : http
    return new Promise((resolve, reject) => {
      const request = send({ ...address, agent: this.#agent, path, headers, signal }, resolve)
      request.on('error', reject)
      request.end()
    })
  }
}

interface InspectAnswer {
  readonly Config: { readonly Tty: boolean }
  readonly State: { readonly Running: boolean; readonly StartedAt: string; readonly FinishedAt: string }
  readonly HostConfig: { readonly LogConfig: LogConfig | null } | null
}

function toState(answer: InspectAnswer): ContainerState {
  return {
    tty: answer.Config.Tty,
    running: answer.State.Running,
    generation: `${answer.State.StartedAt} ${answer.State.Running ? 'running' : answer.State.FinishedAt}`,
    startedMs: Date.parse(answer.State.StartedAt),
    finishedMs: Date.parse(answer.State.FinishedAt),
    logDriver: answer.HostConfig?.LogConfig?.Type ?? '',
    rotatedBytes: rotatedBytes(answer.HostConfig?.LogConfig),
  }
}

function filterText(filters: Filters): string {
  return encodeURIComponent(JSON.stringify(filters))
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error('the answer of the Docker daemon is too large')
  }
  return Buffer.concat(chunks)
}

/** The daemon sends one JSON object per line. */
async function readEvents(response: IncomingMessage, onEvent: (event: DockerEvent) => void): Promise<void> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() !== '') onEvent(withDockerName(JSON.parse(line)))
    }
  }
}
