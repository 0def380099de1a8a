import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VERSION } from '#base/version.ts'

/** What the files of deploy/ promise to each other and to the operator, without running them. */

const run = promisify(execFile)
const REPOSITORY = join(import.meta.dirname, '../..')

interface Service {
  readonly image?: string
  readonly restart?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly logging?: { readonly driver: string; readonly options: Record<string, string> }
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Record<string, { readonly condition: string }>
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } }
  }
}

interface ComposeFile {
  readonly services: Record<string, Service>
}

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8')
}

function services(path: string): Record<string, Service> {
  return (parse(read(path), { merge: true }) as ComposeFile).services
}

const LAB = 'deploy/lab/docker-compose.yml'
const PROD = 'deploy/prod/docker-compose.prod.yml'
const FILES = globSync('deploy/*/docker-compose*.yml', { cwd: REPOSITORY }).sort()

describe.each(FILES)('%s', (file) => {
  test('pins every image', () => {
    for (const image of read(file).matchAll(/^\s*image: (\S+)/gm)) {
      const tag = image[1].replace(/^\$\{\w+:-(.*)\}$/, '$1').split(':')[1]
      expect(tag, image[1]).toMatch(/^v?\d+\.\d+\.\d+$/)
    }
  })

  test('names the version of the repository', () => {
    for (const [, version] of read(file).matchAll(/logboom:(\d[\w.]*)/g)) expect(version).toBe(VERSION)
  })
})

describe.each([LAB, PROD])('%s', (file) => {
  test('restarts, watches, limits and rotates every service', () => {
    for (const [name, service] of Object.entries(services(file))) {
      expect(service.restart, name).toBe('unless-stopped')
      expect(service.healthcheck?.test[0], name).toBe('CMD')
      expect(service.deploy?.resources.limits.memory, name).toMatch(/^\d+M$/)
      expect(service.logging, name).toEqual({
        driver: 'json-file',
        options: { 'max-size': '10m', 'max-file': '3' },
      })
    }
  })

  test('publishes ports on loopback only, and mounts files read-only', () => {
    for (const [name, { ports = [], volumes = [] }] of Object.entries(services(file))) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
      for (const volume of volumes.filter((each) => /^[./$]/.test(each))) expect(volume, name).toMatch(/:ro$/)
    }
  })

  test('waits for what it needs to be healthy', () => {
    for (const { depends_on = {} } of Object.values(services(file))) {
      for (const { condition } of Object.values(depends_on)) expect(condition).toBe('service_healthy')
    }
    expect(services(file).alloy.depends_on).toHaveProperty('loki')
  })

  test('says the sum of its limits', () => {
    const limits = Object.values(services(file)).map((service) => service.deploy?.resources.limits)
    const memory = limits.reduce((sum, limit) => sum + Number.parseInt(limit?.memory ?? '', 10), 0)
    const cpus = limits.reduce((sum, limit) => sum + Number(limit?.cpus), 0)
    expect(read(file)).toMatch(new RegExp(`#   sum +${memory}M +${cpus.toFixed(2)} CPU`))
  })
})

describe.each(['deploy/lab', 'deploy/prod'])(
  "%s: the health check of Alloy's image, which has bash and nothing else",
  (folder) => {
    const { healthcheck } = services(`${folder}/docker-compose.grafana.yml`).alloy
    // Compose reads `$$` as a dollar sign.
    const [, ...command] = (healthcheck?.test ?? []).map((word) => word.replaceAll('$$', '$'))
    let server: Server
    let status = 200
    beforeAll(async () => {
      server = createServer((request, response) => {
        response.writeHead(request.url === '/-/ready' ? status : 404).end()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
    })
    afterAll(() => {
      server.close()
    })
    const exitCode = async (port: number) => {
      const args = command.slice(1).map((word) => word.replace('12345', String(port)))
      return await run(command[0], args).then(
        () => 0,
        (error: { code: number }) => error.code,
      )
    }

    test('tells ready from not ready and from not there', async () => {
      const { port } = server.address() as AddressInfo
      expect(await exitCode(port)).toBe(0)
      status = 503
      expect(await exitCode(port)).not.toBe(0)
      expect(await exitCode(2)).not.toBe(0)
    })
  },
)

test('the image runs on the Node that the repository pins', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } }
  const bases = [...read('Dockerfile').matchAll(/_IMAGE=node:([\d.]+)-/g)].map(([, version]) => version)
  expect(bases).toEqual([devDependencies.node, devDependencies.node])
})

test('only the page is published in production', () => {
  const published = Object.entries(services(PROD)).flatMap(([name, { ports = [] }]) => ports.map(() => name))
  expect(published).toEqual(['loki'])
})

test('the collectors differ in what they keep, not in where they send', () => {
  const push = 'url = "http://loki:3100/loki/api/v1/push"'
  const lab = read('deploy/lab/alloy/config.alloy')
  expect(lab).toContain('regex         = "web-gateway|order-api|fulfillment-worker"')
  expect(lab).toContain(push)
  expect(read('deploy/prod/monitoring/alloy/config.alloy')).toContain(push)
})
