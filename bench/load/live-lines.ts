import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { compressSync } from 'snappy'
import { corpusStreams } from './corpus.ts'
import { pushBody } from './push.ts'
import { type Entry, encodeStream } from './push-body.ts'
import type { Random } from './random.ts'

/** Lines that keep coming in. */
export interface LiveLines {
  readonly pushedBytes: number
  readonly pushedLines: number
  /** Pushes that were still refused after many tries. */
  readonly errors: number
  /** Ends it after what is under way. */
  stop(): Promise<void>
}

/** Bodies are sent so often, as a collector does. */
const PERIOD_MS = 250

/** Pushes lines of the corpus' containers with the present time until it is stopped. */
export function pushLive(baseUrl: string, bytesPerSecond: number, random: Random): LiveLines {
  const streams = corpusStreams(random)
  const all = streams.reduce((sum, { share }) => sum + share, 0)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  const state = { pushedBytes: 0, pushedLines: 0, errors: 0 }
  let isStopped = false
  const startedMs = Date.now()
  const makeBody = (wantedBytes: number): Buffer => {
    const nowMs = Date.now()
    const parts = streams.map(({ labels, line, share, host }) => {
      const entries: Entry[] = []
      let left = (wantedBytes * share) / all
      for (let ns = 0; left > 0; ns += 100) {
        const text = line(nowMs, host)
        left -= text.length
        state.pushedBytes += text.length
        state.pushedLines++
        entries.push({ ms: nowMs, ns, line: text })
      }
      return encodeStream(labels, entries)
    })
    return compressSync(Buffer.concat(parts))
  }
  const run = async (): Promise<void> => {
    while (!isStopped) {
      const dueBytes = ((Date.now() - startedMs) / 1000) * bytesPerSecond - state.pushedBytes
      if (dueBytes > 0) {
        const body = makeBody(Math.min(dueBytes, bytesPerSecond))
        await pushBody(`${baseUrl}/loki/api/v1/push`, agent, body).catch(() => state.errors++)
      }
      await sleep(PERIOD_MS)
    }
    agent.destroy()
  }
  const running = run()
  return {
    get pushedBytes() {
      return state.pushedBytes
    },
    get pushedLines() {
      return state.pushedLines
    },
    get errors() {
      return state.errors
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}
