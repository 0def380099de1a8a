import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DockerClient, makeDockerClient } from './client.ts'
import { makeDechunker } from './dechunker.ts'
import { parseDockerHost } from './host.ts'

let folder: string
let socketPath: string
let server: Server | ReturnType<typeof createTcpServer>
let client: DockerClient
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-docker-'))
  socketPath = join(folder, 'docker.sock')
  client = makeDockerClient({ kind: 'unix', socketPath }, { timeoutMs: 300 })
})
afterEach(async () => {
  client.close()
  if ('closeAllConnections' in server) server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

async function listen(made: typeof server): Promise<void> {
  server = made
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
}

async function readAll(id: string): Promise<string> {
  let text = ''
  const signal = AbortSignal.timeout(5000)
  const take = (bytes: Uint8Array): void => {
    text += Buffer.from(bytes).toString()
  }
  const stream = await client.logs(id, { sinceS: 7, follow: true }, take, signal)
  while (await stream.read());
  return text
}

describe('the log stream', () => {
  test('asks for stamped lines of both streams and gives the body whole', async () => {
    let asked = ''
    await listen(
      createServer((request, response) => {
        asked = `${request.method} ${request.url} ${request.httpVersion}`
        response.write('one ')
        setTimeout(() => response.end('two'), 20)
      }),
    )
    expect(await readAll('abc')).toBe('one two')
    expect(asked).toBe('GET /containers/abc/logs?stdout=1&stderr=1&timestamps=1&follow=1&since=7 1.0')
  })

  test('understands a proxy that answers in chunks', async () => {
    const reply =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab\r\n\r\n3;x=y\r\ncde\r\n0\r\n\r\n'
    await listen(createTcpServer((socket) => socket.resume().end(reply)))
    expect(await readAll('abc')).toBe('ab\r\ncde')
  })

  test.each([
    [404, '{"message":"No such container: abc"}', 'status 404: No such container: abc'],
    [403, 'Forbidden', 'a proxy in front of the socket must allow GET /containers/abc/logs'],
  ])('reports status %d with what the daemon says', async (status, body, expected) => {
    await listen(createServer((_, response) => response.writeHead(status).end(body)))
    await expect(readAll('abc')).rejects.toThrow(expected)
  })

  test('does not wait for ever for an answer', async () => {
    await listen(createServer(() => undefined))
    await expect(readAll('abc')).rejects.toThrow('did not answer within 300 ms')
    await expect(client.ping()).rejects.toThrow('did not answer GET /_ping within 300 ms')
  })
})

describe.each(['plain tcp', 'a socket where Podman has it'])('an engine at %s', (kind) => {
  test('is asked for its containers and their logs', async () => {
    const asked: string[] = []
    const made = createServer((request, response) => {
      asked.push(`${request.method} ${(request.url ?? '').split('?')[0]}`)
      response.end(request.url?.startsWith('/containers/json') ? '[]' : 'a line')
    })
    server = made
    const podman = join(folder, 'podman')
    mkdirSync(podman)
    const socket = join(podman, 'podman.sock')
    await new Promise<void>((resolve) =>
      kind === 'plain tcp' ? made.listen(0, '127.0.0.1', resolve) : made.listen(socket, resolve),
    )
    const address = made.address()
    const host =
      typeof address === 'object' && address !== null ? `tcp://127.0.0.1:${address.port}` : `unix://${socket}`
    client = makeDockerClient(parseDockerHost(host), { timeoutMs: 3000 })
    expect(await client.containers({ all: true, filters: {} })).toEqual([])
    expect(await readAll('abc')).toBe('a line')
    expect(asked).toEqual(['GET /containers/json', 'GET /containers/abc/logs'])
  })
})

test('a container that is gone is undefined, not an error', async () => {
  await listen(createServer((_, response) => response.writeHead(404).end('{"message":"No such container"}')))
  expect(await client.container('abc')).toBeUndefined()
})

test('property: chunks are joined whatever the reads cut', async () => {
  await listen(createServer())
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, unit: 'grapheme-ascii' })),
      fc.array(fc.nat()),
      (texts, cuts) => {
        const coded = `${texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')}0\r\n\r\n`
        let out = ''
        const dechunk = makeDechunker((bytes) => {
          out += Buffer.from(bytes).toString()
        })
        const places = [...new Set(cuts.map((cut) => cut % coded.length)), coded.length].sort((a, b) => a - b)
        let from = 0
        for (const to of places) {
          dechunk(Buffer.from(coded.slice(from, to)))
          from = to
        }
        expect(out).toBe(texts.join(''))
      },
    ),
  )
})

test('hosts', async () => {
  await listen(createServer())
  expect(parseDockerHost('unix:///run/docker.sock')).toEqual({ kind: 'unix', socketPath: '/run/docker.sock' })
  expect(parseDockerHost('tcp://box:1234')).toEqual({ kind: 'tcp', hostname: 'box', port: 1234, tls: false })
  expect(parseDockerHost('https://box')).toEqual({ kind: 'tcp', hostname: 'box', port: 443, tls: true })
  for (const bad of ['', 'docker.sock', 'ssh://box', 'npipe:////./pipe/x', 'unix://relative']) {
    expect(() => parseDockerHost(bad)).toThrow('unable to parse docker host')
  }
})
