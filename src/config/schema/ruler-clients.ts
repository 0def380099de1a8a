import { anything, bool, goDuration, int, mapOf, promDuration, section, text } from '../fields.ts'
import { relabelConfigs } from './relabel.ts'

/** `ruler.alertmanager_client`: how the ruler shows itself to Alertmanager. */
export const alertmanagerClientSchema = section(
  { goType: 'ruler.NotifierConfig', tolerate: /^tls_(?:cipher_suites|min_version)$/ },
  {
    tls_ca_path: text(''),
    tls_cert_path: text(''),
    tls_key_path: text(''),
    tls_server_name: text(''),
    tls_insecure_skip_verify: bool(false),
    basic_auth_username: text('', 'ruler.alertmanager-client.basic-auth-username'),
    basic_auth_password: text('', 'ruler.alertmanager-client.basic-auth-password'),
    type: text('Bearer', 'ruler.alertmanager-client.type'),
    credentials: text('', 'ruler.alertmanager-client.credentials'),
    credentials_file: text('', 'ruler.alertmanager-client.credentials-file'),
  },
)

/** One item of `ruler.webhooks`, which Loki does not have: a URL that alerts are posted to. */
export const webhookSchema = section(
  { goType: 'ruler.Webhook' },
  {
    url: text(''),
    headers: mapOf(text('')),
    basic_auth_username: text(''),
    basic_auth_password: text(''),
    bearer_token: text(''),
    timeout: goDuration('10s'),
    send_resolved: bool(true),
    repeat_interval: goDuration('4h'),
  },
)

/**
 * One client of `ruler.remote_write.clients`, as Prometheus' `remote_write` has it: durations are
 * Prometheus' own.
 */
export const remoteWriteClientSchema = section(
  {
    goType: 'config.RemoteWriteConfig',
    tolerate: /^(?:metadata_config|sigv4|oauth2|azuread|google_iam|send_|proxy_|http_)/,
  },
  {
    url: text(''),
    name: text(''),
    remote_timeout: promDuration('30s'),
    headers: mapOf(text('')),
    basic_auth: section(
      { goType: 'config.BasicAuth' },
      { username: text(''), username_file: text(''), password: text(''), password_file: text('') },
    ),
    authorization: section(
      { goType: 'config.Authorization' },
      { type: text('Bearer'), credentials: text(''), credentials_file: text('') },
    ),
    bearer_token: text(''),
    bearer_token_file: text(''),
    tls_config: section(
      { goType: 'config.TLSConfig', tolerate: /^(?:min|max)_version$/ },
      {
        ca: text(''),
        cert: text(''),
        key: text(''),
        ca_file: text(''),
        cert_file: text(''),
        key_file: text(''),
        server_name: text(''),
        insecure_skip_verify: bool(false),
      },
    ),
    follow_redirects: bool(true),
    enable_http2: bool(true),
    proxy_url: text(''),
    protobuf_message: text(''),
    round_robin_dns: bool(false),
    write_relabel_configs: relabelConfigs,
    queue_config: section(
      { goType: 'config.QueueConfig' },
      {
        capacity: int(10_000),
        max_shards: int(50),
        min_shards: int(1),
        max_samples_per_send: int(2000),
        batch_send_deadline: promDuration('5s'),
        min_backoff: promDuration('30ms'),
        max_backoff: promDuration('5s'),
        retry_on_http_429: bool(false),
        sample_age_limit: promDuration('0s'),
      },
    ),
  },
)

/** `ruler.evaluation`: where rules are evaluated; here always in the same process. */
export const evaluationSchema = section(
  { goType: 'ruler.EvaluationConfig' },
  {
    mode: text('local', 'ruler.evaluation.mode'),
    max_jitter: goDuration('0s', 'ruler.evaluation.max-jitter'),
    query_frontend: anything(),
  },
)
