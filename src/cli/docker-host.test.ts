import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { findDocker } from './docker-host.ts'

test.each([
  ['ssh://user@host', /^DOCKER_HOST is ssh:\/\/user@host, but unable to parse docker host .*: use unix:/],
  ['nonsense', /^DOCKER_HOST is nonsense, but unable to parse docker host "nonsense": use unix:/],
  ['unix:///nowhere/docker.sock', /, but .*ENOENT/],
])('no engine at %s is a sentence, not a failure', async (host, problem) => {
  expect(await findDocker({ DOCKER_HOST: host })).toEqual({
    host: undefined,
    problem: expect.stringMatching(problem),
  })
})

test('an engine that answers is found, one that refuses is not', async () => {
  let status = 200
  const server = createServer((_request, response) => response.writeHead(status).end('OK'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await findDocker({ DOCKER_HOST: host })).toEqual({ host, problem: '' })
  status = 403
  expect((await findDocker({ DOCKER_HOST: host })).problem).toBe(
    `DOCKER_HOST is ${host}, but it answered 403`,
  )
})
