import { expect, test } from 'vitest'
import { loadLokiConfig } from '#config/load.ts'
import { listenAddress } from './listen-address.ts'

const BASE = `
common: {path_prefix: /loki}
schema_config:
  configs:
    - {from: 2024-04-01, store: tsdb, object_store: filesystem, schema: v13, index: {prefix: i, period: 24h}}
`
const HASH = `scrypt:15:8:1:${'a'.repeat(22)}:${'b'.repeat(43)}`

test.each([
  ['nothing set', '', false, '127.0.0.1'],
  ['nothing set, in a container', '', true, ''],
  ['an address', 'server: {http_listen_address: 0.0.0.0}', false, '0.0.0.0'],
  ['TLS', 'server: {http_tls_config: {cert_file: c, key_file: k}}', false, ''],
  [
    'clients',
    `access: {clients: [{name: a, token_hash: '${HASH}', allow: [read], tenants: [a]}]}`,
    false,
    '',
  ],
  ['tenants, which are no login', 'auth_enabled: true', false, '127.0.0.1'],
])('%s', (_name, yaml, isContained, host) => {
  const { config } = loadLokiConfig({ text: BASE + yaml })
  expect(listenAddress(config, isContained)).toEqual({ host, isNarrowed: host === '127.0.0.1' })
})
