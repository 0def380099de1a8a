import type { ApiTlsArgs } from '../api/server-args.ts'
import type { AttributeSchema, BlockSchema } from '../runtime/component.ts'

/** A decoded `listener {}` of loki.source.syslog. Times in milliseconds. */
export interface ListenerArgs {
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  readonly syslog_format: 'rfc5424' | 'rfc3164'
  readonly idle_timeout: number
  readonly max_message_length: number
  readonly labels: Readonly<Record<string, string>>
  /** Parameters of the structured data become labels for the rules. */
  readonly label_structured_data: boolean
  readonly use_incoming_timestamp: boolean
  /** The line is the whole message, not its text alone. */
  readonly use_rfc5424_message: boolean
  readonly rfc5424_allow_empty_msg: boolean
  readonly udp_queue_size: number
  readonly tls_config?: ApiTlsArgs
}

const text: AttributeSchema = { type: 'string' }
const off: AttributeSchema = { type: 'bool', default: false }

/** The schema of `listener {}`. `raw` and Cisco's extensions, experimental in Alloy, are refused. */
export const listenerBlock: BlockSchema = {
  repeated: true,
  body: {
    attributes: {
      address: { type: 'string', required: true },
      protocol: { type: { oneOf: ['tcp', 'udp'] }, default: 'tcp' },
      syslog_format: { type: { oneOf: ['rfc5424', 'rfc3164'] }, default: 'rfc5424' },
      idle_timeout: { type: 'duration', default: 120_000 },
      max_message_length: { type: 'number', default: 8192 },
      labels: { type: { map: 'string' }, default: {} },
      label_structured_data: off,
      use_incoming_timestamp: off,
      use_rfc5424_message: off,
      rfc3164_default_to_current_year: off,
      rfc5424_allow_empty_msg: off,
      udp_queue_size: { type: 'number', default: 10 },
      udp_host_cache_size: { type: 'number', default: 128 },
    },
    blocks: {
      tls_config: {
        body: {
          attributes: {
            ...{ cert_pem: text, cert_file: text, key_pem: { type: 'secret' }, key_file: text },
            ...{ client_auth_type: text, client_ca: text, client_ca_file: text, min_version: text },
            ...{ ca_pem: text, ca_file: text, server_name: text, insecure_skip_verify: off },
          },
        },
      },
    },
    validate: ({ protocol, tls_config: tls }) => {
      if (protocol === 'udp' && tls !== undefined) throw new Error('tls_config needs protocol = "tcp"')
    },
  },
}
