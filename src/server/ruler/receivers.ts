import { errorMessage, OperatorError } from '#base/errors.ts'
import type { Logger } from '#base/logger.ts'
import type { Limits } from '#config/schema/limits.ts'
import { relabelConfigs } from '#config/schema/relabel.ts'
import type { RulerConfig } from '#config/schema/ruler.ts'
import { alertmanagerClientSchema } from '#config/schema/ruler-clients.ts'
import { isRawMap } from '#config/tree.ts'
import { makeTarget, type PostTarget, type TargetSettings, textOrFile } from './http-post.ts'
import { makeRelabel, type Relabel } from './relabel.ts'

/** Who is told of alerts. */
export interface Receiver {
  readonly kind: 'alertmanager' | 'webhook'
  /** The URL, without user and password: what logs and metrics call it. */
  readonly name: string
  readonly target: PostTarget
  /** What is sent of an alert: `alert_relabel_configs` are for Alertmanagers. */
  readonly relabel: Relabel
  /** Webhooks: whether they are told that an alert has ended. */
  readonly sendResolved: boolean
  /** Webhooks: after how long they are told again of an alert that still fires, ms. */
  readonly repeatMs: number
}

type AlertmanagerSettings = Pick<
  RulerConfig,
  | 'alertmanager_url'
  | 'enable_alertmanager_v2'
  | 'alertmanager_client'
  | 'notification_timeout'
  | 'alert_relabel_configs'
>

/** The receivers of a tenant: the same list until its limits change. */
export function makeReceivers(
  ruler: RulerConfig,
  limitsOf: (tenant: string) => Limits,
  logger: Logger,
): (tenant: string) => readonly Receiver[] {
  const byOwn = new Map<string, readonly Receiver[]>([['{}', receiversOf(ruler, {})]])
  return (tenant) => {
    const own = limitsOf(tenant).ruler_alertmanager_config
    const key = JSON.stringify(own ?? {})
    let receivers = byOwn.get(key)
    if (receivers !== undefined) return receivers
    try {
      receivers = receiversOf(ruler, own)
    } catch (error) {
      logger.error({ tenant, err: errorMessage(error) }, 'ruler_alertmanager_config cannot be used')
      receivers = receiversOf(ruler, {})
    }
    byOwn.set(key, receivers)
    return receivers
  }
}

/**
 * The receivers of a tenant: the Alertmanagers of its own `ruler_alertmanager_config`, else those of `ruler`,
 * and all webhooks.
 * @throws OperatorError `ruler_url`, `ruler_file`, `ruler_relabel` for what cannot be used
 */
function receiversOf(ruler: RulerConfig, own: unknown): Receiver[] {
  const alertmanagers = ownAlertmanager(ruler, own)
  const urls = alertmanagers.alertmanager_url.split(',').map((url) => url.trim())
  const wanted = urls.filter((url) => url !== '')
  return [...wanted.map((url) => alertmanager(url, alertmanagers)), ...ruler.webhooks.map(webhook)]
}

function ownAlertmanager(ruler: RulerConfig, own: unknown): AlertmanagerSettings {
  if (!isRawMap(own) || typeof own.alertmanager_url !== 'string') return ruler
  const client = alertmanagerClientSchema.safeParse(own.alertmanager_client ?? {})
  if (!client.success) {
    throw new OperatorError('ruler_url', `ruler_alertmanager_config: ${client.error.issues[0].message}`)
  }
  const relabel = relabelConfigs.safeParse(own.alert_relabel_configs ?? [])
  if (!relabel.success) {
    throw new OperatorError('ruler_relabel', `ruler_alertmanager_config: ${relabel.error.issues[0].message}`)
  }
  return {
    alertmanager_url: own.alertmanager_url,
    enable_alertmanager_v2: own.enable_alertmanager_v2 !== false,
    alertmanager_client: client.data,
    notification_timeout: ruler.notification_timeout,
    alert_relabel_configs: relabel.data,
  }
}

function alertmanager(url: string, settings: AlertmanagerSettings): Receiver {
  const { alertmanager_client: client, notification_timeout: timeoutMs } = settings
  const path = settings.enable_alertmanager_v2 ? '/api/v2/alerts' : '/api/v1/alerts'
  const target = checkedTarget('alertmanager_url', {
    url: url.replace(/\/*(?=$|\?)/, path),
    headers: {},
    timeoutMs,
    username: client.basic_auth_username,
    password: client.basic_auth_password,
    authType: client.type,
    credentials: textOrFile(client.credentials, client.credentials_file, 'credentials_file'),
    tls: {
      ca: textOrFile('', client.tls_ca_path, 'tls_ca_path'),
      cert: textOrFile('', client.tls_cert_path, 'tls_cert_path'),
      key: textOrFile('', client.tls_key_path, 'tls_key_path'),
      serverName: client.tls_server_name,
      insecure: client.tls_insecure_skip_verify,
    },
  })
  const relabel = makeRelabel('alert_relabel_configs', settings.alert_relabel_configs)
  return { kind: 'alertmanager', name: target.url.href, target, relabel, sendResolved: true, repeatMs: 0 }
}

function webhook(hook: RulerConfig['webhooks'][number]): Receiver {
  const target = checkedTarget('webhooks.url', {
    url: hook.url,
    headers: hook.headers,
    timeoutMs: hook.timeout,
    username: hook.basic_auth_username,
    password: hook.basic_auth_password,
    authType: 'Bearer',
    credentials: hook.bearer_token,
    tls: { ca: '', cert: '', key: '', serverName: '', insecure: false },
  })
  const { send_resolved: sendResolved, repeat_interval: repeatMs } = hook
  const relabel: Relabel = (labels) => labels
  return { kind: 'webhook', name: target.url.href, target, relabel, sendResolved, repeatMs }
}

/** Makes a target. @throws OperatorError `ruler_url` where the URL is none */
export function checkedTarget(key: string, settings: TargetSettings): PostTarget {
  try {
    const target = makeTarget(settings)
    if (/^https?:$/.test(target.url.protocol)) return target
    throw new Error('it must begin with http:// or https://')
  } catch (error) {
    const shown = settings.url.replace(/\/\/[^/@]*@/, '//…@')
    throw new OperatorError('ruler_url', `ruler.${key} ${JSON.stringify(shown)}: ${errorMessage(error)}`)
  }
}
