import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '#server/testing.ts'
import type { Output } from './query.ts'
import {
  checkRules,
  deleteRules,
  diffRules,
  getRules,
  listRules,
  loadRules,
  printRules,
  syncRules,
} from './rules.ts'

/** Where nobody reads. */
const DISCARD: Output = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume() }

let dir: string
let server: TestServer
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'logboom-rules-'))
  server = await startTestServer(`ruler_storage: {backend: filesystem, filesystem: {dir: ${dir}/kept}}`)
})
afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})

function file(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

/** What a command prints. */
async function printed<T>(run: (output: Output) => T | Promise<T>): Promise<{ result: T; text: string }> {
  const stdout = new PassThrough()
  const result = await run({ stdout, stderr: new PassThrough() })
  return { result, text: await readText(stdout.end()) }
}

const client = (): { addr: string; orgId: string } => ({ addr: server.url, orgId: 't' })

const SHOP = `namespace: shop-eu
groups:
  - name: orders
    interval: 1m
    rules:
      - alert: Errors
        expr: sum(rate({app="shop"} |= "error" [5m])) > 1
        for: 5m
        labels: {severity: page, level: 1}
`

test('the life of rules: loaded, listed, compared, made the same, deleted', async () => {
  expect((await printed((output) => listRules(client(), output))).text).toBe('')
  const shop = file('shop.yaml', SHOP)
  const infra = file('infra.yml', 'groups: [{name: disk, rules: [{record: "a:b", expr: vector(1)}]}]')
  await loadRules([shop, infra], client(), DISCARD)
  const { text: list } = await printed((output) => listRules(client(), output))
  expect(list).toBe('infra\tdisk\t1 rules\nshop-eu\torders\t1 rules\n')
  const { text: group } = await printed((output) => getRules('infra', 'disk', client(), output))
  expect(group).toMatch(/^name: disk\nrules:\n +- record: a:b\n +expr: vector\(1\)\n/)
  expect((await printed((output) => printRules(client(), output))).text).toContain('name: orders')

  expect(await printed((output) => diffRules([shop, infra], client(), output))).toEqual({
    result: 0,
    text: 'no differences\n',
  })
  file('shop.yaml', SHOP.replace('for: 5m', 'for: 10m'))
  const different = await printed((output) => diffRules([shop], client(), output))
  expect(different.result).toBe(2)
  expect(different.text).toMatch(/^infra\/disk: goes\n- name: disk\n/)
  expect(different.text).toMatch(
    /shop-eu\/orders: changed\n {2}name: orders\n[\s\S]*- .*for: 5m\n\+ .*for: 10m\n/,
  )

  const only = { ...client(), namespaces: 'shop-eu' }
  expect((await printed((output) => syncRules([shop], only, output))).text).toBe('shop-eu/orders: replaced\n')
  expect((await printed((output) => syncRules([shop], client(), output))).text).toBe('infra/disk: deleted\n')
  expect((await printed((output) => syncRules([shop], client(), output))).text).toBe('nothing to do\n')
  await deleteRules('shop-eu', undefined, client(), DISCARD)
  await expect(getRules('shop-eu', 'orders', client(), DISCARD)).rejects.toMatchObject({
    code: 'client_missing',
  })
})

test('what is wrong with files is said with its place, and nothing of them is sent', async () => {
  const wrong = file('wrong.yaml', 'groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: "{"\n')
  const odd = file('odd.yaml', 'groups: []\nnamespaces: x\n')
  const { result, text } = await printed((output) => checkRules([wrong, odd], output))
  expect(result).toBe(false)
  expect(text).toContain(`${wrong}:5:15: could not parse expression for alert 'A' in group 'g'`)
  expect(text).toContain(`${odd}:2:13: field namespaces not found in type rulefmt.RuleNamespace`)
  expect(text).toContain('2 files, 1 groups, 1 rules: 2 faults')
  await expect(loadRules([wrong], client(), DISCARD)).rejects.toThrow('nothing was sent')
  expect((await printed((output) => listRules(client(), output))).text).toBe('')
  const twice = await printed((output) => checkRules([file('a.yaml', SHOP), file('b.yaml', SHOP)], output))
  expect(twice.text).toContain('another file has a group orders of shop-eu, too')
})
