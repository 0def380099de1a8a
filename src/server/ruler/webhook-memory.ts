import { alertKey, type Notice } from './active-alert.ts'
import type { Receiver } from './receivers.ts'

/** An alert that a webhook was told of and that has not ended. */
export interface ToldAlert {
  /** Tenant, receiver and alert in one. */
  readonly key: string
  readonly startsAtMs: number
  readonly toldAtMs: number
  /** When the alert was last seen firing. */
  readonly seenAtMs: number
}

/** What webhooks know already: they are told of beginnings and ends, not of every evaluation. */
export interface WebhookMemory {
  /** The notices that are news to a receiver; they count as told from now on. */
  newTo(tenant: string, receiver: Receiver, notices: readonly Notice[], nowMs: number): Notice[]
  told(nowMs: number): ToldAlert[]
  restore(told: readonly ToldAlert[]): void
}

/** An alert that nobody speaks of any more is forgotten after this long. */
const FORGET_MS = 24 * 3_600_000

/** Makes a memory in which nothing was told yet. */
export function makeWebhookMemory(): WebhookMemory {
  const known = new Map<string, ToldAlert>()
  return {
    newTo: (tenant, { name, sendResolved, repeatMs }, notices, nowMs) =>
      notices.filter(({ labels, status, startsAtMs }) => {
        const key = `${tenant} ${name} ${alertKey(labels)}`
        const before = known.get(key)
        if (status === 'resolved') {
          known.delete(key)
          return before !== undefined && sendResolved
        }
        const isNew = before?.startsAtMs !== startsAtMs || nowMs - before.toldAtMs >= repeatMs
        known.set(key, { key, startsAtMs, toldAtMs: isNew ? nowMs : before.toldAtMs, seenAtMs: nowMs })
        return isNew
      }),
    told: (nowMs) => [...known.values()].filter(({ seenAtMs }) => nowMs - seenAtMs < FORGET_MS),
    restore(told) {
      for (const alert of told) known.set(alert.key, alert)
    },
  }
}
