import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '#base/logger.ts'
import { discoveryRelabel } from '../components/discovery_relabel.ts'
import { type Collector, startCollector } from './collector.ts'
import type { ComponentDefinition } from './component.ts'
import { validateConfig } from './link.ts'

const registry = new Map([[discoveryRelabel.name, discoveryRelabel as unknown as ComponentDefinition]])
const moduleText = (value: string): string =>
  `declare "d" {\n discovery.relabel "r" {\n  targets = [{ value = "${value}" }]\n }\n}\n`

let folder: string
let collector: Collector | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-remote-'))
})
afterEach(async () => {
  await collector?.stop(1000)
  collector = undefined
  rmSync(folder, { recursive: true })
})

async function start(text: string): Promise<Collector> {
  const config = { files: [{ name: 'c', text }] }
  collector = await startCollector({ config, storagePath: folder, logger: silentLogger, registry })
  return collector
}

const shows = (value: string): boolean =>
  JSON.stringify(collector?.component('m.d.x/discovery.relabel.r')?.exports).includes(`"${value}"`)

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('import.http', () => {
  let server: Server
  let base: string
  let answer: { status: number; body: string; headers?: Record<string, string> }
  let asked: IncomingMessage | undefined
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked = request
      if (request.url === '/moved') {
        response.writeHead(302, { location: '/module' }).end()
        return
      }
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const config = (more: string, path = '/module'): string =>
    `import.http "m" {\n url = "${base}${path}"\n ${more}\n}\nm.d "x" { }\n`

  test('is fetched with headers and authentication, and again when it changes', async () => {
    answer = { status: 200, body: moduleText('one') }
    const client = 'client {\n basic_auth {\n username = "u"\n password = "p"\n }\n }'
    await start(config(`poll_frequency = "100ms"\n headers = { "X-Key" = "k" }\n ${client}`, '/moved'))
    expect(shows('one')).toBe(true)
    expect(asked?.headers).toMatchObject({ 'x-key': 'k', authorization: 'Basic dTpw' })
    answer = { status: 200, body: moduleText('two') }
    await until(() => shows('two'))
    answer = { status: 500, body: 'down' }
    expect((await collector?.reload())?.map(({ severity }) => severity)).toEqual(['warning'])
    expect(shows('two')).toBe(true)
    answer = { status: 200, body: 'declare {' }
    await until(async () => ((await collector?.metrics()) ?? '').includes('last_load_successful 0'))
    expect(shows('two')).toBe(true)
    answer = { status: 200, body: moduleText('three') }
    await until(() => shows('three'))
  })

  test.each([
    ['status', { status: 404, body: 'no' }, 'answered with status 404'],
    ['syntax', { status: 200, body: 'declare {' }, 'expected'],
    ['content', { status: 200, body: 'logging { }' }, 'may only hold declare and import blocks'],
  ])('a wrong %s is an error', async (_, given, message) => {
    answer = given
    const found = await validateConfig([{ name: 'c', text: config('') }], { registry })
    expect(found[0].message).toContain(message)
  })

  test('no answer in time is an error that names no secret', async () => {
    const dead = createServer(() => undefined)
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve))
    try {
      const address = `127.0.0.1:${(dead.address() as AddressInfo).port}`
      const text = `import.http "m" {\n url = "http://u:hush@${address}/a?token=hush"\n poll_timeout = "50ms"\n}`
      const [found] = await validateConfig([{ name: 'c', text }], { registry })
      expect(found.message).toContain(`no answer from http://${address}/a within 50 ms`)
    } finally {
      dead.closeAllConnections()
      dead.close()
    }
  })
})

const hasGit = spawnSync('git', ['--version']).status === 0

describe.skipIf(!hasGit)('import.git', () => {
  let repository: string
  const git = (...args: string[]): void => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com']
    execFileSync('git', ['-C', repository, ...identity, ...args], { stdio: 'ignore' })
  }
  const commit = (text: string): void => {
    writeFileSync(join(repository, 'm.alloy'), text)
    git('add', '.')
    git('commit', '-m', 'x')
  }
  beforeEach(() => {
    repository = join(folder, 'origin')
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', repository])
  })

  test('is checked out, with module_path, and again when it changes', async () => {
    commit(`${moduleText('one')}declare "p" {\n export "path" { value = module_path }\n}\n`)
    const args = `repository = "${repository}"\n path = "m.alloy"\n revision = "main"`
    await start(`import.git "m" {\n ${args}\n pull_frequency = "200ms"\n}\nm.d "x" { }\nm.p "y" { }`)
    expect(shows('one')).toBe(true)
    commit(`${moduleText('two')}declare "p" { }\n`)
    await until(() => shows('two'))
    const [home] = readdirSync(join(folder, 'imported'))
    expect(readdirSync(join(folder, 'imported', home)).length).toBe(3)
  })

  test.each([
    ['path = "gone.alloy"', 'ENOENT'],
    ['path = "../../x"', 'leads out of the repository'],
    ['path = "m.alloy"\n revision = "nope"', "couldn't find remote ref nope"],
    ['path = "m.alloy"\n revision = "--upload-pack=x"', 'is no revision'],
  ])('%s is an error', async (args, message) => {
    commit(moduleText('one'))
    const text = `import.git "m" {\n repository = "${repository}"\n ${args}\n}`
    const [found] = await validateConfig([{ name: 'c', text }], { registry })
    expect(found.message).toContain(message)
  })

  test('a user and password in the address are not shown', async () => {
    const text = 'import.git "m" {\n repository = "http://ann:hush@127.0.0.1:1/x.git"\n path = "a"\n}'
    const [found] = await validateConfig([{ name: 'c', text }], { registry })
    expect(found.message).toContain('git: ')
    expect(found.message).not.toContain('hush')
  })
})
