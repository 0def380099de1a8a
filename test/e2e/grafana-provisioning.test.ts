import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

/**
 * Grafana's provisioning file for data sources, as its documentation describes it:
 * https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources (file and common settings),
 * https://grafana.com/docs/grafana/latest/datasources/loki/configure/ and …/prometheus/configure/ (jsonData).
 * Strict: Grafana ignores what it does not know, so a misspelt key would go unnoticed.
 */

/** Settings of every data source that is reached over HTTP. */
const httpJsonData = {
  tlsAuth: z.boolean().optional(),
  tlsAuthWithCACert: z.boolean().optional(),
  tlsSkipVerify: z.boolean().optional(),
  serverName: z.string().optional(),
  timeout: z.union([z.number(), z.string()]).optional(),
  keepCookies: z.array(z.string()).optional(),
  httpHeaderName1: z.string().optional(),
  manageAlerts: z.boolean().optional(),
  alertmanagerUid: z.string().optional(),
}

const derivedField = z.strictObject({
  name: z.string(),
  matcherRegex: z.string(),
  matcherType: z.enum(['regex', 'label']).optional(),
  url: z.string().optional(),
  urlDisplayLabel: z.string().optional(),
  datasourceUid: z.string().optional(),
})

const common = {
  name: z.string().min(1),
  access: z.enum(['proxy', 'direct']),
  orgId: z.int().positive().optional(),
  // Letters, digits, dash and underscore, at most 40: it becomes part of URLs.
  uid: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
  user: z.string().optional(),
  database: z.string().optional(),
  basicAuth: z.boolean().optional(),
  basicAuthUser: z.string().optional(),
  withCredentials: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  version: z.int().optional(),
  editable: z.boolean().optional(),
  secureJsonData: z.record(z.string(), z.string()).optional(),
}

const loki = z.strictObject({
  ...common,
  type: z.literal('loki'),
  jsonData: z
    .strictObject({
      ...httpJsonData,
      maxLines: z.union([z.int().positive(), z.string().regex(/^\d+$/)]).optional(),
      derivedFields: z.array(derivedField).optional(),
    })
    .optional(),
})

const prometheus = z.strictObject({
  ...common,
  type: z.literal('prometheus'),
  jsonData: z
    .strictObject({
      ...httpJsonData,
      httpMethod: z.enum(['GET', 'POST']).optional(),
      timeInterval: z
        .string()
        .regex(/^\d+(ms|s|m|h|d)$/)
        .optional(),
      queryTimeout: z.string().optional(),
      customQueryParameters: z.string().optional(),
      defaultEditor: z.enum(['builder', 'code']).optional(),
      disableMetricsLookup: z.boolean().optional(),
      prometheusType: z.enum(['Prometheus', 'Cortex', 'Mimir', 'Thanos']).optional(),
      prometheusVersion: z.string().optional(),
      cacheLevel: z.enum(['Low', 'Medium', 'High', 'None']).optional(),
      incrementalQuerying: z.boolean().optional(),
      incrementalQueryOverlapWindow: z.string().optional(),
      disableRecordingRules: z.boolean().optional(),
      exemplarTraceIdDestinations: z.array(z.record(z.string(), z.unknown())).optional(),
    })
    .optional(),
})

const provisioningFile = z.strictObject({
  apiVersion: z.literal(1),
  prune: z.boolean().optional(),
  deleteDatasources: z.array(z.strictObject({ name: z.string(), orgId: z.int().optional() })).optional(),
  datasources: z.array(z.discriminatedUnion('type', [loki, prometheus])).optional(),
})

const FOLDER = join(import.meta.dirname, '../../deploy/lab/grafana/provisioning/datasources')

function datasources() {
  const files = globSync(join(FOLDER, '*.{yml,yaml}')).sort()
  return files.flatMap((file) => provisioningFile.parse(parse(readFileSync(file, 'utf8'))).datasources ?? [])
}

describe("the lab's Grafana provisioning", () => {
  test('follows the documented schema', () => {
    expect(() => datasources()).not.toThrow()
  })

  test('has one default, and fixed names and uids that do not repeat', () => {
    const all = datasources()
    expect(all.filter((source) => source.isDefault === true).map((source) => source.uid)).toEqual([
      'prometheus',
    ])
    for (const key of ['name', 'uid'] as const) {
      expect(new Set(all.map((source) => source[key])).size).toBe(all.length)
    }
  })

  test('reaches Loki through the proxy by its compose name', () => {
    expect(datasources().find((source) => source.type === 'loki')).toEqual({
      name: 'Loki',
      uid: 'loki',
      type: 'loki',
      access: 'proxy',
      url: 'http://loki:3100',
      isDefault: false,
      editable: false,
      jsonData: { maxLines: 1000 },
    })
  })

  test.each([
    ['a misspelt key', { isdefault: true }],
    ['an uid with a space', { uid: 'my loki' }],
    ['a url without a scheme', { url: 'loki:3100/' }],
    ['an unknown access mode', { access: 'server' }],
  ])('the schema refuses %s', (_what, wrong) => {
    const right = { name: 'Loki', type: 'loki', access: 'proxy', url: 'http://loki:3100' }
    const file = (source: object) => ({ apiVersion: 1, datasources: [source] })
    expect(provisioningFile.safeParse(file(right)).success).toBe(true)
    // `loki:` would be a scheme of its own to a URL parser; Grafana needs http or https.
    const result = provisioningFile.safeParse(file({ ...right, ...wrong }))
    expect(result.success).toBe(false)
  })
})
