import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { lokiJsonSchema } from './json-schema.ts'
import { lokiDefaults } from './load.ts'
import { printConfig } from './print.ts'

const ROOT = join(import.meta.dirname, '../..')
const schema = lokiJsonSchema()
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema)

function faults(text: string): string[] {
  validate(parse(text))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test('docs/schema/loki.schema.json is up to date: node bin/logboom config schema > docs/schema/loki.schema.json', () => {
  const text = readFileSync(join(ROOT, 'docs/schema/loki.schema.json'), 'utf8')
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(schema)))
})

const FILES = globSync(['deploy/*/**/loki-config.y*ml', 'test/conformance/loki-config.yaml'], { cwd: ROOT })

test.each(FILES)('%s is valid', (file) => {
  expect(faults(readFileSync(join(ROOT, file), 'utf8'))).toEqual([])
})

test('the defaults, as /config prints them, are valid', () => {
  expect(faults(printConfig(lokiDefaults()))).toEqual([])
})

describe('what the loader refuses, an editor marks', () => {
  test.each([
    ['foo: 1', ' must NOT have additional properties'],
    ['server: {http_listen_prt: 1}', '/server must NOT have additional properties'],
    ['server: {http_listen_port: many}', '/server/http_listen_port must be integer,null'],
    ['compactor: {compaction_interval: 1d}', '/compactor/compaction_interval must match pattern'],
    ['limits_config: {retention_period: 1.5h}', '/limits_config/retention_period must match pattern'],
    ['limits_config: {max_line_size: 1KiB}', '/limits_config/max_line_size must match pattern'],
    [
      'limits_config: {retention_stream: {selector: x}}',
      '/limits_config/retention_stream must be array,null',
    ],
  ])('%s', (text, fault) => {
    expect(faults(text).join('\n')).toContain(fault)
  })

  test.each([
    'server: {grpc_server_anything: 1}',
    'limits_config: {unknown_limit: 1}',
    'limits_config: {max_line_size: 1 MB, retention_period: 1w2d}',
    'server:\n  http_listen_port: $' + '{PORT}',
    'compactor:',
    'memberlist: {join_members: [a]}',
  ])('%s is fine', (text) => {
    expect(faults(text)).toEqual([])
  })
})
