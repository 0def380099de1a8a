import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '#server/testing.ts'
import { runStatus, statusText } from './status.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function run(json?: true): Promise<string> {
  const stdout = new PassThrough()
  await runStatus({ addr: server.url, ...(json && { json }) }, { stdout, stderr: new PassThrough() })
  return String(stdout.read())
}

test('shows what is kept, for people and for programs', async () => {
  expect(await run()).toContain('oldest line')
  await server.push({ app: 'a' }, ['one', 'two'])
  await fetch(`${server.url}/flush`, { method: 'POST' })
  const today = new Date().toISOString().slice(0, 10)
  const table = (await run()).split('\n').find((line) => line.includes(today) && line.startsWith('fake'))
  expect(table).toMatch(/^fake +\d{4}-\d\d-\d\d +1 +2 +6 B +\d[\d.]* \w+ +never$/)
  const status = JSON.parse(await run(true))
  expect(status.tenants).toMatchObject([{ tenant: 'fake', days: [{ day: today, rows: 2, lineBytes: 6 }] }])
  expect(statusText(status)).toBe(await run())
})
