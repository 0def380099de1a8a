import type { IncomingMessage, ServerResponse } from 'node:http'
import { Session } from 'node:inspector/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { firstParam, type Params } from '../http/query-string.ts'
import { send, sendError, sendText } from '../http/reply.ts'
import { readParams } from '../query/request.ts'

const HELP = `This server is no Go program: its profiles are those of V8.

/debug/pprof/profile?seconds=30   what the main thread spends its time on, as a .cpuprofile:
                                  open it in Chrome's DevTools (Performance) or in speedscope
/debug/pprof/heap                 how much memory is in use, and what for
`

const DEFAULT_SECONDS = 30
const MAX_SECONDS = 300

/** `GET /debug/pprof/`: what there is to see. */
export function servePprof(response: ServerResponse): void {
  sendText(response, 200, HELP)
}

let isProfiling = false

/** `GET /debug/pprof/profile?seconds=30`: a CPU profile of the main thread, one at a time. */
export async function serveCpuProfile(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const seconds = readSeconds(await readParams(request))
  if (seconds === undefined) {
    sendError(response, 400, `seconds must be a number from 1 to ${MAX_SECONDS}\n`)
    return
  }
  if (isProfiling) {
    sendError(response, 409, 'Could not enable CPU profiling: cpu profiling already in use\n')
    return
  }
  isProfiling = true
  const gone = new AbortController()
  const onClose = (): void => gone.abort()
  response.once('close', onClose)
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await sleep(seconds * 1000, undefined, { signal: gone.signal, ref: false }).catch(() => undefined)
    const { profile } = await session.post('Profiler.stop')
    const headers = { 'content-disposition': 'attachment; filename="logboom.cpuprofile"' }
    if (!gone.signal.aborted) send(response, 200, 'application/json', JSON.stringify(profile), headers)
  } finally {
    response.off('close', onClose)
    session.disconnect()
    isProfiling = false
  }
}

function readSeconds(params: Params): number | undefined {
  const seconds = Number(firstParam(params, 'seconds') || DEFAULT_SECONDS)
  return seconds >= 1 && seconds <= MAX_SECONDS ? seconds : undefined
}

/** `GET /debug/pprof/heap`: memory by what it is used for, in bytes. */
export function serveHeap(response: ServerResponse): void {
  const usage = Object.entries(process.memoryUsage())
  const spaces = getHeapSpaceStatistics().map(
    ({ space_name: name, space_used_size: used }) => [`heap: ${name}`, used] as const,
  )
  sendText(response, 200, [...usage, ...spaces].map(([name, bytes]) => `${name}\t${bytes}\n`).join(''))
}
