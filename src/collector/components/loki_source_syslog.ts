import { errorMessage } from '#base/errors.ts'
import { type Labels, makeLabels } from '#base/labels.ts'
import { Counter } from '#base/metrics.ts'
import { applyRules, noRules, type RelabelRules } from '#base/relabel.ts'
import { fanOut } from '../fan-out.ts'
import { isDeepStrictEqual } from '../node-util.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import type { ComponentContext, ComponentDefinition, ComponentInstance } from '../runtime/component.ts'
import { type SyslogListener, startSyslogListener } from '../syslog/listener.ts'
import { type ListenerArgs, listenerBlock } from '../syslog/listener-args.ts'
import { parseRfc3164, parseRfc5424, type SyslogMessage } from '../syslog/message.ts'
import { untilAborted } from './until_aborted.ts'

interface Args {
  readonly forward_to: readonly LogsReceiver[]
  readonly relabel_rules?: RelabelRules
  readonly listener: readonly ListenerArgs[]
}

/** `loki.source.syslog`: messages of RFC 5424 or RFC 3164 over TCP, TLS or UDP. */
export const lokiSourceSyslog: ComponentDefinition<Args> = {
  name: 'loki.source.syslog',
  stability: 'generally-available',
  role: 'source',
  schema: {
    attributes: {
      forward_to: { type: { list: { capsule: 'LogsReceiver' } }, required: true },
      relabel_rules: { type: { capsule: 'RelabelRules' } },
    },
    blocks: { listener: listenerBlock },
  },
  build: (context, args) => new SyslogSource(context, args),
}

class SyslogSource implements ComponentInstance<Args> {
  readonly #context: ComponentContext
  readonly #entries: Counter
  readonly #errors: Counter
  readonly #empty: Counter
  #args: Args
  #listeners: SyslogListener[] = []
  #isRunning = false

  constructor(context: ComponentContext, args: Args) {
    this.#context = context
    this.#args = args
    const counter = (name: string, help: string): Counter =>
      new Counter({ name: `loki_source_syslog_${name}_total`, help, registers: [context.metrics] })
    this.#entries = counter('entries', 'Messages passed on.')
    this.#errors = counter('parsing_errors', 'Messages that could not be read.')
    this.#empty = counter('empty_messages', 'Messages without a text, left out.')
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true
    await this.#listen()
    await untilAborted(signal)
    this.#isRunning = false
    await this.#close()
  }

  async update(args: Args): Promise<void> {
    const isSame = isDeepStrictEqual(args.listener, this.#args.listener)
    this.#args = args
    if (isSame || !this.#isRunning) return
    await this.#close()
    await this.#listen()
  }

  debugInfo(): unknown {
    return { listeners: this.#listeners.map(({ port }) => ({ port })) }
  }

  async #listen(): Promise<void> {
    for (const listener of this.#args.listener) {
      const { address } = listener
      try {
        const started = await startSyslogListener(listener, {
          message: (bytes, remote) => this.#take(bytes, remote, listener),
          problem: (error, remote) => this.#reportProblem(error, remote),
        })
        this.#listeners.push(started)
        this.#context.reportHealth('healthy', `listening on ${address}`)
      } catch (error) {
        this.#context.reportHealth('unhealthy', `cannot listen on ${address}: ${errorMessage(error)}`)
        this.#context.logger.error(
          { address, error: errorMessage(error) },
          'cannot listen for syslog messages',
        )
      }
    }
  }

  async #close(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()))
  }

  async #take(bytes: Buffer, remote: string, listener: ListenerArgs): Promise<void> {
    const line = bytes.toString().replace(/[\r\n]+$/, '')
    if (line === '') return
    let message: SyslogMessage
    try {
      message = listener.syslog_format === 'rfc3164' ? parseRfc3164(line, Date.now()) : parseRfc5424(line)
    } catch (error) {
      this.#reportProblem(error, remote)
      return
    }
    if (message.text === '' && !listener.rfc5424_allow_empty_msg) {
      this.#empty.inc()
      return
    }
    const all = makeLabels({ ...messageLabels(message, remote, listener), ...listener.labels })
    // As Alloy does: a rule that drops has no effect here.
    const kept = applyRules(this.#args.relabel_rules ?? noRules, all) ?? makeLabels(listener.labels)
    const labels: Labels = kept.filter(([name]) => !name.startsWith('__'))
    const isOwnTime = listener.use_incoming_timestamp && message.tsMs !== undefined
    const entry = {
      tsMs: isOwnTime ? (message.tsMs ?? 0) : Date.now(),
      tsNs: isOwnTime ? message.tsNs : 0,
      line: listener.use_rfc5424_message ? line : message.text,
      metadata: [],
    }
    await fanOut(this.#args.forward_to, { labels, entries: [entry], delivery: makeDelivery(() => undefined) })
    this.#entries.inc()
  }

  #reportProblem(error: unknown, remote: string): void {
    this.#errors.inc()
    this.#context.logger.debug({ remote, error: errorMessage(error) }, 'a syslog message was left out')
  }
}

function messageLabels(message: SyslogMessage, remote: string, args: ListenerArgs): Record<string, string> {
  const labels: Record<string, string> = {
    __syslog_connection_ip_address: remote,
    __syslog_message_severity: message.severity,
    __syslog_message_facility: message.facility,
    __syslog_message_hostname: message.hostname,
    __syslog_message_app_name: message.appName,
    __syslog_message_proc_id: message.procId,
    __syslog_message_msg_id: message.msgId,
  }
  if (!args.label_structured_data) return labels
  for (const [id, name, value] of message.params) {
    labels[`__syslog_message_sd_${id}_${name}`.replace(/[^a-zA-Z0-9_]/g, '_')] = value
  }
  return labels
}
