import { type Labels, labelsText } from '#base/labels.ts'

/** What an alert is: waiting for `for` to pass, on, or over. */
export type AlertState = 'pending' | 'firing' | 'inactive'

/** A series of an alerting rule that is, or lately was, active. Times are ms since the epoch, 0 is never. */
export interface ActiveAlert {
  readonly labels: Labels
  annotations: Labels
  value: number
  state: AlertState
  /** Since when the expression holds. */
  activeAtMs: number
  firedAtMs: number
  resolvedAtMs: number
  /** When it was last handed over for notification. */
  lastSentAtMs: number
  /** Since when it fires only because of `keep_firing_for`. */
  keepFiringSinceMs: number
}

/** What tells alerts of a rule apart. */
export function alertKey(labels: Labels): string {
  return labelsText(labels)
}

/** An alert on its way to Alertmanager or a webhook. */
export interface Notice {
  readonly labels: Labels
  readonly annotations: Labels
  readonly status: 'firing' | 'resolved'
  readonly startsAtMs: number
  /** When it ended; for one that fires, until when it holds unless told anew. */
  readonly endsAtMs: number
  /** The query behind it. */
  readonly expr: string
}
