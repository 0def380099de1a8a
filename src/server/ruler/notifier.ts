import type { Logger } from '#base/logger.ts'
import { alertKey, type Notice } from './active-alert.ts'
import { alertmanagerBody, type LinkSettings, webhookBody } from './alert-bodies.ts'
import { type DeliveryQueue, makeDeliveryQueue } from './delivery-queue.ts'
import { post } from './http-post.ts'
import type { RulerMetrics } from './metrics.ts'
import type { Receiver } from './receivers.ts'
import { makeWebhookMemory, type ToldAlert } from './webhook-memory.ts'

/** What a notifier has not got rid of yet, and what webhooks know: kept over a restart. */
export interface NotifierState {
  readonly waiting: readonly {
    readonly tenant: string
    readonly receiver: string
    readonly notices: readonly Notice[]
  }[]
  readonly told: readonly ToldAlert[]
}

/** Tells Alertmanagers and webhooks of alerts. */
export interface Notifier {
  /** Hands notices over for delivery; returns at once. */
  notify(tenant: string, notices: readonly Notice[]): void
  state(): NotifierState
  /** Takes up what was left over at the last {@link state}. */
  restore(state: NotifierState): void
  /** Ends what is under way; the rest stays in {@link state}. */
  close(): Promise<void>
}

/** What a notifier works with. */
export interface NotifierOptions {
  readonly receiversOf: (tenant: string) => readonly Receiver[]
  readonly capacity: number
  readonly links: LinkSettings
  readonly metrics: RulerMetrics
  readonly logger: Logger
  /** Told when {@link Notifier.state} has changed. */
  readonly onChange: () => void
}

/** Alertmanager's clients send this many alerts at a time. */
const BATCH_SIZE = 64
const MIN_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 60_000
/** After this long nobody wants to hear that something has ended. */
const RESOLVED_USEFUL_MS = 3_600_000

interface Line {
  readonly receiver: Receiver
  readonly queue: DeliveryQueue<Notice>
}

/** Makes a notifier with a queue for each tenant and receiver, so that none waits for another. */
export function makeNotifier(options: NotifierOptions): Notifier {
  const tenants = new Map<string, { readonly receivers: readonly Receiver[]; readonly lines: Line[] }>()
  const memory = makeWebhookMemory()
  const linesOf = (tenant: string): Line[] => {
    const receivers = options.receiversOf(tenant)
    const known = tenants.get(tenant)
    if (known !== undefined && known.receivers === receivers) return known.lines
    const lines = receivers.map((receiver) => ({ receiver, queue: makeQueue(options, tenant, receiver) }))
    for (const { receiver, queue } of known?.lines ?? []) {
      void queue.close()
      lines.find((line) => line.receiver.name === receiver.name)?.queue.add(queue.waiting())
    }
    tenants.set(tenant, { receivers, lines })
    const count = lines.filter(({ receiver }) => receiver.kind === 'alertmanager').length
    options.metrics.alertmanagers.set({ user: tenant }, count)
    options.metrics.queueCapacity.set({ user: tenant }, options.capacity)
    return lines
  }
  const showLength = (tenant: string, lines: readonly Line[]): void => {
    const length = lines.reduce((sum, { queue }) => sum + queue.size, 0)
    options.metrics.queueLength.set({ user: tenant }, length)
  }
  return {
    notify(tenant, notices) {
      const lines = linesOf(tenant)
      for (const { receiver, queue } of lines) {
        const wanted =
          receiver.kind === 'webhook' ? memory.newTo(tenant, receiver, notices, Date.now()) : notices
        queue.add(relabelled(wanted, receiver))
      }
      showLength(tenant, lines)
    },
    state: () => ({
      waiting: [...tenants].flatMap(([tenant, { lines }]) => {
        showLength(tenant, lines)
        return lines
          .filter(({ queue }) => queue.size > 0)
          .map(({ receiver, queue }) => ({ tenant, receiver: receiver.name, notices: queue.waiting() }))
      }),
      told: memory.told(Date.now()),
    }),
    restore({ waiting, told }) {
      memory.restore(told)
      for (const { tenant, receiver, notices } of waiting) {
        linesOf(tenant)
          .find((line) => line.receiver.name === receiver)
          ?.queue.add(notices)
      }
    },
    async close() {
      const lines = [...tenants.values()].flatMap((tenant) => tenant.lines)
      await Promise.all(lines.map(({ queue }) => queue.close()))
      for (const { receiver } of lines) receiver.target.agent.destroy()
    },
  }
}

/** The notices as a receiver is to see them, without those that it is not to hear of. */
function relabelled(notices: readonly Notice[], { relabel }: Receiver): Notice[] {
  return notices.flatMap((notice) => {
    const labels = relabel(notice.labels)
    return labels === undefined ? [] : [{ ...notice, labels }]
  })
}

function makeQueue(options: NotifierOptions, tenant: string, receiver: Receiver): DeliveryQueue<Notice> {
  const { metrics, capacity, links, onChange } = options
  const labels = { user: tenant, alertmanager: receiver.name }
  const isHook = receiver.kind === 'webhook'
  metrics.notificationsSent.inc(labels, 0)
  metrics.notificationErrors.inc(labels, 0)
  metrics.notificationsDropped.inc({ user: tenant }, 0)
  return makeDeliveryQueue<Notice>({
    // Alertmanager needs the latest word alone; a webhook hears of every beginning and end.
    keyOf: ({ labels: own, status, startsAtMs }) =>
      isHook ? `${alertKey(own)} ${status} ${startsAtMs}` : alertKey(own),
    capacity,
    batchSize: BATCH_SIZE,
    gatherMs: 0,
    minBackoffMs: MIN_BACKOFF_MS,
    maxBackoffMs: MAX_BACKOFF_MS,
    retries429: true,
    isLate: ({ status, endsAtMs }, nowMs) =>
      status === 'resolved' ? nowMs > endsAtMs + RESOLVED_USEFUL_MS : !isHook && nowMs > endsAtMs,
    send: (notices, signal) => {
      const body = isHook ? webhookBody(tenant, notices, links) : alertmanagerBody(notices, links)
      return post(receiver.target, body, { 'content-type': 'application/json' }, signal)
    },
    onAttempt: (count, seconds, delivered) => {
      metrics.notificationsSent.inc(labels, count)
      metrics.notificationSeconds.observe(labels, seconds)
      if (!delivered) metrics.notificationErrors.inc(labels, count)
    },
    onDropped: (count) => metrics.notificationsDropped.inc({ user: tenant }, count),
    onChange,
    logger: options.logger.child({ tenant, [receiver.kind]: receiver.name }),
  })
}
