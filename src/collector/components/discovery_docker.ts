import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '#base/errors.ts'
import type { ContainerSummary, DockerClient, NetworkSummary } from '../docker/client.ts'
import { connectDocker } from '../docker/connect.ts'
import { makePermissionNotes, type PermissionNotes } from '../docker/permission-notes.ts'
import { makeRecentContainers } from '../docker/recent-containers.ts'
import { makeSemaphore } from '../docker/semaphore.ts'
import { dockerTargets, type Target } from '../docker/targets.ts'
import { makeUnheardEnds } from '../docker/unheard-ends.ts'
import { openWatchedUntil, type WatchedUntil } from '../docker/watched-until.ts'
import { isDeepStrictEqual } from '../node-util.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { checkHttpClientArgs, type HttpClientArgs, httpClientSchema } from '../write/http-client-args.ts'

interface Args extends HttpClientArgs {
  readonly host: string
  readonly port: number
  readonly host_networking_host: string
  readonly refresh_interval: number
  readonly match_first_network: boolean
  readonly filter: readonly { readonly name: string; readonly values: readonly string[] }[]
}

/** After an event so many milliseconds are waited for others, as containers come and go in groups. */
const GATHER_EVENTS_MS = 50
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 10_000
/** How far the clocks of the engine and of this machine may be apart. */
const CLOCK_MARGIN_MS = 10_000
const MAX_INSPECTING = 16
const EVENTS = { type: ['container'], event: ['start', 'die', 'destroy', 'rename'] }

/**
 * `discovery.docker`: the containers of a Docker Engine as targets. Beside the refresh every
 * `refresh_interval` it follows the engine's events, so that a container is known as soon as it starts and
 * stays a target for a moment after it has stopped: short-lived ones are not missed. Those that ended while
 * nobody watched, or while the stream of events was silently dead, are made targets for a moment, too.
 */
export const discoveryDocker: ComponentDefinition<Args> = {
  name: 'discovery.docker',
  stability: 'generally-available',
  role: 'discovery',
  schema: {
    attributes: {
      ...httpClientSchema.attributes,
      host: { type: 'string', required: true },
      port: { type: 'number', default: 80 },
      host_networking_host: { type: 'string', default: 'localhost' },
      refresh_interval: { type: 'duration', default: 60_000 },
      match_first_network: { type: 'bool', default: true },
    },
    blocks: {
      ...httpClientSchema.blocks,
      filter: {
        repeated: true,
        body: {
          attributes: {
            name: { type: 'string', required: true },
            values: { type: { list: 'string' }, required: true },
          },
        },
      },
    },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      if (args.host === '') throw new Error('host attribute must not be empty')
      if (args.refresh_interval <= 0) throw new Error('refresh_interval must be greater than 0')
      checkHttpClientArgs(args)
    },
  },
  build: (context, args) => new DockerDiscovery(context, args),
}

class DockerDiscovery implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #recent = makeRecentContainers()
  #unheard = makeUnheardEnds()
  /** When what ended without an event was looked for; `undefined` before the first time. */
  #lookedMs: number | undefined
  #args: Args
  #client: DockerClient
  #permissions: PermissionNotes
  #targets: Target[] | undefined
  #problem = ''
  #watched: WatchedUntil | undefined
  /** Whether events come, and what happened before them has been looked up. */
  #isWatching = false
  /** Aborted to have the running loops look at once, and with a new client after an update. */
  #wake = new AbortController()

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#client = connectDocker(args.host, args)
    this.#permissions = makePermissionNotes(args.host, context.logger)
    context.setExports({ targets: [] })
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#watched = openWatchedUntil(join(this.#context.dataDir, 'watched-until'), this.#context.logger)
    await Promise.all([this.#refreshLoop(signal), this.#eventLoop(signal)])
    this.#client.close()
  }

  update(args: Args): void {
    const client = connectDocker(args.host, args)
    this.#client.close()
    this.#client = client
    if (args.host !== this.#args.host)
      this.#permissions = makePermissionNotes(args.host, this.#context.logger)
    if (args.host !== this.#args.host || !isDeepStrictEqual(args.filter, this.#args.filter)) {
      // What is in the next list for the first time has not just ended.
      this.#unheard = makeUnheardEnds()
      this.#lookedMs = undefined
    }
    this.#args = args
    this.#wake.abort()
  }

  debugInfo(): unknown {
    return { targets: this.#targets ?? [], last_error: this.#problem }
  }

  async #refreshLoop(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      this.#wake = new AbortController()
      let waitMs = this.#args.refresh_interval
      try {
        await this.#refresh()
        if (await this.#foundUnheardEnds()) await this.#refresh()
        retryMs = FIRST_RETRY_MS
        waitMs = Math.min(waitMs, this.#recent.nextExpiryMs(), this.#nextLookMs())
      } catch (error) {
        if (signal.aborted) return
        this.#report(errorMessage(error))
        waitMs = retryMs
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      }
      await sleep(waitMs, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(
        () => undefined,
      )
      if (!signal.aborted && this.#wake.signal.aborted) await sleep(GATHER_EVENTS_MS)
    }
  }

  /** Looks until it succeeds, or nobody listens to events any more. */
  async #catchUpAtLast(signal: AbortSignal): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; !signal.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      try {
        return await this.#catchUp(signal)
      } catch (error) {
        if (signal.aborted) return
        const message = 'cannot look up ended containers, which is tried again'
        this.#context.logger.warn({ error: errorMessage(error), retryMs }, message)
        await sleep(retryMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** Looks for containers that ended since somebody last watched. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const nowMs = Date.now()
    const sinceMs = this.#watched?.ms()
    if (sinceMs !== undefined) {
      const ended = await this.#listEnded()
      await this.#noteEndedSince(
        ended.map(({ Id }) => Id),
        sinceMs,
      )
    }
    // Events have ended meanwhile: what comes until they begin again has to be looked up, too.
    if (signal.aborted) return
    await this.#watched?.set(nowMs)
    this.#isWatching = true
    this.#wake.abort()
  }

  /** Milliseconds until ends are to be looked for again. */
  #nextLookMs(): number {
    const sinceMs = this.#lookedMs === undefined ? Number.POSITIVE_INFINITY : Date.now() - this.#lookedMs
    // A clock that was set back counts as time that has passed.
    return sinceMs < 0 ? 0 : Math.max(0, this.#args.refresh_interval - sinceMs)
  }

  /**
   * Every `refresh_interval`: a proxy may keep the stream of events open that the engine no longer writes to,
   * and nothing but the list of ended containers shows it. Whether there are containers to be made targets.
   */
  async #foundUnheardEnds(): Promise<boolean> {
    if (this.#nextLookMs() > 0) return false
    const nowMs = Date.now()
    const unheard = this.#unheard
    const ended = await this.#listEnded()
    const sinceMs = this.#lookedMs ?? nowMs
    const ids = unheard.among(ended, sinceMs)
    await this.#noteEndedSince(ids, sinceMs)
    // Other containers are asked for by now.
    if (unheard !== this.#unheard) return false
    unheard.looked(ended)
    this.#lookedMs = nowMs
    if (this.#isWatching) await this.#watched?.set(nowMs)
    return ids.length > 0
  }

  async #listEnded(): Promise<ContainerSummary[]> {
    if (this.#client.server === '') await this.#client.ping()
    // Podman knows no state `dead`, and refuses to answer for it.
    const status = this.#client.server.startsWith('Libpod') ? ['exited'] : ['exited', 'dead']
    return this.#client.containers({ all: true, filters: { ...this.#filters(), status } })
  }

  /** Makes those of the containers targets for a moment that have ended since then. */
  async #noteEndedSince(ids: readonly string[], sinceMs: number): Promise<void> {
    const inspecting = makeSemaphore(MAX_INSPECTING)
    await Promise.all(
      ids.map(async (id) => {
        const release = await inspecting.acquire()
        const state = await this.#client.container(id).finally(release)
        if ((state?.finishedMs ?? 0) >= sinceMs - CLOCK_MARGIN_MS) this.#recent.note(id, 'die')
      }),
    )
  }

  #filters(): Record<string, string[]> {
    const filters: Record<string, string[]> = {}
    for (const { name, values } of this.#args.filter ?? []) {
      filters[name] = [...(filters[name] ?? []), ...values]
    }
    return filters
  }

  async #refresh(): Promise<void> {
    const args = this.#args
    const filters = this.#filters()
    const recent = this.#recent.ids()
    const [running, networks, started] = await Promise.all([
      this.#client.containers({ all: false, filters }),
      this.#networks(),
      recent.length === 0 ? [] : this.#client.containers({ all: true, filters: { ...filters, id: recent } }),
    ])
    this.#recent.asked(recent)
    const byId = new Map([...running, ...started].map((container) => [container.Id, container]))
    const options = {
      port: args.port,
      hostNetworkingHost: args.host_networking_host,
      matchFirstNetwork: args.match_first_network,
    }
    const targets = dockerTargets([...byId.values()], networks, options)
    targets.sort((a, b) => (targetKey(a) < targetKey(b) ? -1 : 1))
    this.#report('')
    if (isDeepStrictEqual(targets, this.#targets)) return
    this.#targets = targets
    this.#context.setExports({ targets })
  }

  /** Networks give targets more labels; collecting works without them. */
  async #networks(): Promise<NetworkSummary[]> {
    try {
      return await this.#client.networks()
    } catch (error) {
      if (!this.#permissions.note(error, 'without it targets have no labels of their network')) throw error
      return []
    }
  }

  async #eventLoop(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      const listening = new AbortController()
      try {
        await this.#client.events(
          EVENTS,
          (event) => {
            retryMs = FIRST_RETRY_MS
            const id = event.Actor?.ID
            if (id !== undefined) this.#recent.note(id, event.Action ?? '')
            if (id !== undefined && event.Action === 'die') this.#unheard.heard(id)
            this.#wake.abort()
          },
          signal,
          () => void this.#catchUpAtLast(listening.signal),
        )
      } catch (error) {
        if (signal.aborted) return
        if (!this.#permissions.note(error, 'without it short-lived containers may be missed')) {
          this.#context.logger.debug({ error: errorMessage(error) }, 'the event stream of Docker broke')
        }
      } finally {
        listening.abort()
      }
      if (signal.aborted) return
      this.#isWatching = false
      await sleep(retryMs, undefined, { signal }).catch(() => undefined)
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      // Whatever happened while nobody listened shows in a fresh list.
      this.#wake.abort()
    }
  }

  #report(problem: string): void {
    if (problem === this.#problem) return
    this.#problem = problem
    if (problem === '') this.#context.reportHealth('healthy', 'containers are being discovered')
    else {
      const host = this.#args.host
      this.#context.logger.warn({ host, error: problem }, 'containers cannot be discovered')
      this.#context.reportHealth('unhealthy', `cannot list the containers of ${host}: ${problem}`)
    }
  }
}

function targetKey(target: Target): string {
  return `${target.__meta_docker_container_id} ${target.__address__} ${target.__meta_docker_network_id}`
}
