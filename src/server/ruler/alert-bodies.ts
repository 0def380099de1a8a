import { type Labels, labelsObject } from '#base/labels.ts'
import type { Notice } from './active-alert.ts'

/** Where the links in alerts lead. */
export interface LinkSettings {
  /** `ruler.external_url`: the Grafana (or any page) that shows logs. */
  readonly externalUrl: string
  readonly datasourceUid: string
}

/** The link of an alert: Grafana's Explore with the rule's query. */
export function generatorUrl(expr: string, { externalUrl, datasourceUid }: LinkSettings): string {
  const query = { refId: 'A', expr, queryType: 'range', datasource: { type: 'loki', uid: datasourceUid } }
  const left = { datasource: datasourceUid, queries: [query], range: { from: 'now-1h', to: 'now' } }
  return `${externalUrl.replace(/\/+$/, '')}/explore?left=${encodeURIComponent(JSON.stringify(left))}`
}

/**
 * The body of `POST /api/v2/alerts`, which is that of v1, too:
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function alertmanagerBody(notices: readonly Notice[], links: LinkSettings): string {
  return JSON.stringify(
    notices.map((notice) => ({
      labels: labelsObject(notice.labels),
      annotations: labelsObject(notice.annotations),
      startsAt: new Date(notice.startsAtMs).toISOString(),
      endsAt: new Date(notice.endsAtMs).toISOString(),
      generatorURL: generatorUrl(notice.expr, links),
    })),
  )
}

/** Go's zero time, which stands for the end of what has not ended. */
const NEVER = '0001-01-01T00:00:00Z'

/**
 * The body that Alertmanager sends to webhooks, so that what receives those works unchanged:
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export function webhookBody(tenant: string, notices: readonly Notice[], links: LinkSettings): string {
  const firing = notices.some(({ status }) => status === 'firing')
  return JSON.stringify({
    version: '4',
    groupKey: `{}:{tenant=${JSON.stringify(tenant)}}`,
    truncatedAlerts: 0,
    status: firing ? 'firing' : 'resolved',
    receiver: 'logboom',
    tenant,
    groupLabels: {},
    commonLabels: common(notices.map(({ labels }) => labels)),
    commonAnnotations: common(notices.map(({ annotations }) => annotations)),
    externalURL: links.externalUrl,
    alerts: notices.map((notice) => ({
      status: notice.status,
      labels: labelsObject(notice.labels),
      annotations: labelsObject(notice.annotations),
      startsAt: new Date(notice.startsAtMs).toISOString(),
      endsAt: notice.status === 'firing' ? NEVER : new Date(notice.endsAtMs).toISOString(),
      generatorURL: generatorUrl(notice.expr, links),
      fingerprint: fingerprint(notice.labels),
    })),
  })
}

function common(sets: readonly Labels[]): Record<string, string> {
  const [first = [], ...others] = sets
  const shared = first.filter(([name, value]) =>
    others.every((set) => set.some(([n, v]) => n === name && v === value)),
  )
  return Object.fromEntries(shared)
}

/** Prometheus' name of a label set: FNV-1a, 64 bits, in hex. */
export function fingerprint(labels: Labels): string {
  let hash = 0xcbf2_9ce4_8422_2325n
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n)
  }
  for (const pair of labels) {
    for (const text of pair) {
      for (const byte of Buffer.from(text)) add(byte)
      add(0xff)
    }
  }
  return hash.toString(16).padStart(16, '0')
}
