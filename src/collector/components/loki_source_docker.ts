import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import { type Labels, labelsText, labelValue, makeLabels } from '#base/labels.ts'
import { Counter } from '#base/metrics.ts'
import { applyRules, noRules, type RelabelRules } from '#base/relabel.ts'
import type { DockerClient } from '../docker/client.ts'
import { connectDocker } from '../docker/connect.ts'
import { startTailer } from '../docker/container-tailer.ts'
import { cursorText, parseCursor, STREAM_NAMES } from '../docker/cursor.ts'
import { parseLabelsText } from '../docker/labels-text.ts'
import { makePermissionNotes, type PermissionNotes } from '../docker/permission-notes.ts'
import { openPositions, type Positions } from '../docker/positions.ts'
import { makeSemaphore } from '../docker/semaphore.ts'
import type { ContainerTailer, TailerContext, TailerTarget } from '../docker/tailer.ts'
import type { Target } from '../docker/targets.ts'
import type { LogsReceiver } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { checkHttpClientArgs, type HttpClientArgs, httpClientSchema } from '../write/http-client-args.ts'
import { pause } from './pause.ts'

interface Args {
  readonly host: string
  readonly targets: readonly Target[]
  readonly forward_to: readonly LogsReceiver[]
  readonly labels: Readonly<Record<string, string>>
  readonly relabel_rules?: RelabelRules
  readonly refresh_interval: number
  readonly http_client_config?: HttpClientArgs
}

const CONTAINER_ID = '__meta_docker_container_id'
const STREAM_LABEL = '__meta_docker_container_log_stream'
const MAX_OPENING = 16
/** How long what is under way may take to arrive when the component stops. */
const SETTLE_MS = 2000
const EVENTS = { type: ['container'], event: ['start', 'die', 'destroy'] }
const EVENT_RETRY_MS = 2000
const CURSOR_PREFIX = 'cursor-'

/**
 * `loki.source.docker`: the logs of containers. One reader per container, whatever ports and networks make of
 * it as targets. Where reading stands is kept per container until the engine no longer knows it: no stop,
 * restart, label change or reload reads anything again.
 */
export const lokiSourceDocker: ComponentDefinition<Args> = {
  name: 'loki.source.docker',
  stability: 'generally-available',
  role: 'source',
  schema: {
    attributes: {
      host: { type: 'string', required: true },
      targets: { type: { list: 'target' }, required: true },
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      labels: { type: { map: 'string' }, default: {} },
      relabel_rules: { type: { capsule: 'RelabelRules' } },
      refresh_interval: { type: 'duration', default: 60_000 },
    },
    blocks: { http_client_config: { body: httpClientSchema } },
    validate: (decoded) => {
      const args = decoded as unknown as Args
      if (args.host === '') throw new Error('host attribute must not be empty')
      if (args.refresh_interval <= 0) throw new Error('refresh_interval must be greater than 0')
      if (args.http_client_config !== undefined) checkHttpClientArgs(args.http_client_config)
    },
  },
  build: (context, args) => new DockerSource(context, args),
}

class DockerSource implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #positions: Positions
  readonly #tailers = new Map<string, ContainerTailer>()
  readonly #opening = makeSemaphore(MAX_OPENING)
  readonly #entries: Counter
  readonly #errors: Counter
  readonly #tooLong: Counter
  /** Why the logs of containers cannot be read at the moment, by container. */
  readonly #problems = new Map<string, string>()
  #args: Args
  #client: DockerClient
  #permissions: PermissionNotes
  #running = false
  /** Whether positions without a target have been looked at. */
  #revived = false

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    this.#client = connectDocker(args.host, args.http_client_config)
    this.#permissions = makePermissionNotes(args.host, context.logger)
    const file = join(context.dataDir, 'positions.yml')
    this.#positions = openPositions(file, ({ path }) => path, context.logger)
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `loki_source_docker_${name}`, help, registers: [context.metrics] })
    this.#entries = counter('target_entries_total', 'Log lines passed on.')
    this.#errors = counter(
      'target_parsing_errors_total',
      'Log lines left out because they carry no time stamp.',
    )
    this.#tooLong = counter('target_too_long_lines_total', 'Log lines left out because they exceed 1 MiB.')
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#running = true
    this.#reconcile()
    await this.#followEvents(signal)
    this.#running = false
    await Promise.all([...this.#tailers.values()].map((tailer) => tailer.stop(SETTLE_MS)))
    await this.#positions.close()
    this.#client.close()
  }

  async update(args: Args): Promise<void> {
    const before = this.#args
    const newConnection =
      args.host !== before.host ||
      JSON.stringify(args.http_client_config) !== JSON.stringify(before.http_client_config)
    if (newConnection) {
      const client = connectDocker(args.host, args.http_client_config)
      await Promise.all([...this.#tailers.values()].map((tailer) => tailer.stop(SETTLE_MS)))
      this.#tailers.clear()
      this.#client.close()
      this.#client = client
      this.#permissions = makePermissionNotes(args.host, this.#context.logger)
      this.#problems.clear()
    }
    this.#args = args
    if (this.#running) this.#reconcile()
  }

  debugInfo(): unknown {
    return {
      targets_info: [...this.#tailers.values()].map((tailer) => {
        const { lastError, isRunning, cursor } = tailer.info()
        const labels = this.#positions.get(CURSOR_PREFIX + tailer.id)?.labels ?? ''
        const readOffset = cursor === undefined ? '' : cursorText(cursor)
        return {
          id: tailer.id,
          last_error: lastError,
          labels,
          is_running: isRunning,
          read_offset: readOffset,
        }
      }),
    }
  }

  /** Learns at once when a container starts again or is removed; without events it shows a little later. */
  async #followEvents(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const client = this.#client
      try {
        await client.events(
          EVENTS,
          ({ Action: action, Actor: actor }) => this.#noteEvent(actor?.ID, action),
          signal,
        )
      } catch (error) {
        if (!this.#permissions.note(error, 'without it restarts are noticed some seconds late')) {
          this.#context.logger.debug({ error: errorMessage(error) }, 'the event stream of Docker broke')
        }
      }
      if (client === this.#client) await pause(EVENT_RETRY_MS, signal)
    }
  }

  #noteEvent(id: string | undefined, action: string | undefined): void {
    if (id === undefined) return
    const tailer = this.#tailers.get(id)
    if (tailer !== undefined) tailer.look()
    else if (action === 'destroy') this.#positions.remove(CURSOR_PREFIX + id)
  }

  /** Brings the readers in line with the targets. */
  #reconcile(): void {
    const wanted = this.#targetLabels()
    for (const [id, labels] of wanted) {
      const target = this.#tailerTarget(labels)
      const tailer = this.#tailers.get(id)
      if (tailer === undefined) this.#start(id, labels, target)
      else tailer.update(target)
      this.#rememberLabels(id, labels)
    }
    for (const [id, tailer] of this.#tailers) if (!wanted.has(id)) tailer.release()
    if (!this.#revived && wanted.size > 0) {
      this.#revived = true
      this.#finishStopped(wanted)
    }
  }

  /**
   * One label set per container; of several the first in order of their text, so that it stays the same one.
   */
  #targetLabels(): Map<string, Labels> {
    const chosen = new Map<string, { text: string; labels: Labels }>()
    for (const target of this.#args.targets) {
      const labels = makeLabels({ ...target, ...this.#args.labels })
      const id = labelValue(labels, CONTAINER_ID)
      if (id === '') continue
      const text = labelsText(labels)
      const known = chosen.get(id)
      if (known === undefined || text < known.text) chosen.set(id, { text, labels })
    }
    return new Map([...chosen].map(([id, { labels }]) => [id, labels]))
  }

  #tailerTarget(labels: Labels): TailerTarget {
    const rules = this.#args.relabel_rules ?? noRules
    const forStream = (index: 0 | 1): Labels | undefined => {
      const withStream = makeLabels([...labels, [STREAM_LABEL, STREAM_NAMES[index]]])
      return applyRules(rules, withStream)?.filter(([name]) => !name.startsWith('__'))
    }
    return { labels: [forStream(0), forStream(1)], receivers: this.#args.forward_to }
  }

  #start(id: string, labels: Labels, target: TailerTarget): void {
    const stored = this.#positions.get(CURSOR_PREFIX + id)?.value
    const tailer = startTailer(
      id,
      target,
      stored === undefined ? undefined : parseCursor(stored),
      this.#tailerContext(),
    )
    this.#tailers.set(id, tailer)
    tailer.finished
      .then((end) => {
        if (this.#tailers.get(id) !== tailer) return
        this.#tailers.delete(id)
        this.#noteProblem(id, '')
        if (end === 'gone') this.#positions.remove(CURSOR_PREFIX + id)
        // It became a target again while its reader was ending.
        if (end === 'released' && this.#running && this.#targetLabels().has(id)) this.#reconcile()
      })
      .catch((error: unknown) => {
        this.#context.logger.error(
          { container: id, error: errorMessage(error) },
          'the reader of a container failed',
        )
      })
    this.#rememberLabels(id, labels)
  }

  #tailerContext(): TailerContext {
    return {
      client: this.#client,
      logger: this.#context.logger,
      opening: this.#opening,
      permissions: this.#permissions,
      onProblem: (id, problem) => this.#noteProblem(id, problem),
      counters: {
        entries: (count) => this.#entries.inc(count),
        unreadable: () => this.#errors.inc(),
        tooLong: () => this.#tooLong.inc(),
      },
      commit: (id, cursor) => {
        const path = CURSOR_PREFIX + id
        this.#positions.set({
          path,
          labels: this.#positions.get(path)?.labels ?? '',
          value: cursorText(cursor),
        })
      },
    }
  }

  /** Collecting is healthy while every log that exists can be read. */
  #noteProblem(id: string, problem: string): void {
    const known = this.#problems.get(id) ?? ''
    if (problem === known) return
    if (problem === '') this.#problems.delete(id)
    else this.#problems.set(id, problem)
    const [first] = this.#problems
    if (first === undefined)
      this.#context.reportHealth('healthy', 'the logs of all containers are being read')
    else {
      const count = this.#problems.size
      const what = count === 1 ? 'a container' : `${count} containers`
      const message = `the log of ${what} cannot be read, ${first[0].slice(0, 12)}: ${first[1]}`
      this.#context.reportHealth('unhealthy', message)
    }
  }

  /**
   * The labels are kept with the position, so that the rest of a container that stopped unseen can be read.
   */
  #rememberLabels(id: string, labels: Labels): void {
    const path = CURSOR_PREFIX + id
    const text = labelsText(labels)
    const known = this.#positions.get(path)
    if (known?.labels !== text) this.#positions.set({ path, labels: text, value: known?.value ?? '0' })
  }

  /**
   * Containers that stopped while the collector was down are no targets any more: what they said last is read
   * now.
   */
  #finishStopped(wanted: ReadonlyMap<string, Labels>): void {
    for (const [path, position] of [...this.#positions.all()]) {
      const id = path.slice(CURSOR_PREFIX.length)
      const labels = parseLabelsText(position.labels)
      if (wanted.has(id) || this.#tailers.has(id) || labels === undefined) continue
      this.#start(id, labels, this.#tailerTarget(labels))
      this.#tailers.get(id)?.release()
    }
  }
}
