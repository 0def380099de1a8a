import { describe, expect, test } from 'vitest'
import { runHealth } from './health.ts'
import { capture, lokiForEachTest } from './testing.ts'

const loki = lokiForEachTest()

describe('health', () => {
  test.each([
    [200, true, 'healthy\n', ''],
    [503, false, '', /^unhealthy: status code 503 from http.*: not yet\n$/],
  ])('%d', async (status, healthy, out, err) => {
    loki.answer = { status, body: 'not yet' }
    const io = capture()
    expect(await runHealth(`${loki.addr}/ready`, io)).toBe(healthy)
    expect(io.out()).toBe(out)
    expect(io.err()).toMatch(err)
  })

  test('nobody there', async () => {
    const io = capture()
    expect(await runHealth(`${loki.closedAddr}/ready`, io)).toBe(false)
    expect(io.err()).toMatch(/unhealthy: .*ECONNREFUSED/)
  })

  test('a server that never answers', async () => {
    loki.isSilent = true
    const io = capture()
    expect(await runHealth(`${loki.addr}/ready`, io, 50)).toBe(false)
    expect(io.err()).toMatch(/no answer within 50 ms/)
  })
})
