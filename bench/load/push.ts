import { readFileSync } from 'node:fs'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Corpus } from './corpus.ts'

/** Requests under way at a time. */
const CONNECTIONS = 4
/** What is under way may be so far apart in time: servers refuse what comes more than an hour late. */
const MAX_APART_MS = 1_800_000
const MAX_TRIES = 20

/**
 * Pushes a corpus in order of time on four connections, or on one where its bodies span much time. Returns
 * how long it took, seconds.
 */
export async function pushCorpus(baseUrl: string, corpus: Corpus): Promise<number> {
  const spanMs = (corpus.endMs - corpus.startMs) / corpus.bodies.length
  const connections = spanMs * CONNECTIONS > MAX_APART_MS ? 1 : CONNECTIONS
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const url = `${baseUrl}/loki/api/v1/push`
  const startedMs = performance.now()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < corpus.bodies.length) await pushBody(url, agent, readFileSync(corpus.bodies[next++]))
  }
  await Promise.all(Array.from({ length: connections }, work))
  agent.destroy()
  return (performance.now() - startedMs) / 1000
}

/** Pushes a snappy-compressed protobuf body; tries again where it is refused. */
export async function pushBody(url: string, agent: http.Agent, body: Buffer): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await send(url, agent, body)
      return
    } catch (thrown) {
      if (tries === MAX_TRIES) throw thrown
      await sleep(200)
    }
  }
}

function send(url: string, agent: http.Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`${response.statusCode} ${text.slice(0, 300)}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
