import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a container of a {@link ScriptedEngine} is like. */
export interface ContainerSetup {
  readonly tty?: boolean
  readonly labels?: Readonly<Record<string, string>>
  /** So many records make a log file; then another one is begun. */
  readonly fileRecords?: number
}

/** A container that does what a test says. */
export interface ScriptedContainer {
  readonly id: string
  /**
   * Writes lines, each with its newline, or a last word without one. The engine stamps a line, then waits for
   * the log to be free: what the other stream has written meanwhile, `waitedMs` long, lies before it.
   */
  write(stream: 'stdout' | 'stderr', text: string, waitedMs?: number): void
  stop(): void
  start(): void
  remove(): void
  /** Throws its log away, as rotation does with the oldest files. */
  forget(): void
  /** Gives it other labels, as making it anew in place would. */
  relabel(labels: Readonly<Record<string, string>>): void
}

/** A Docker Engine as far as its API tells, at `http://` or a socket, whose containers only write. */
export interface ScriptedEngine {
  /** For `host` of the components. */
  readonly host: string
  make(name: string, setup?: ContainerSetup): ScriptedContainer
  /** So far its clock is from ours, in milliseconds. */
  setClock(offsetMs: number): void
  /** Streams that follow a log fall silent without an end; logs that are opened from now on are whole. */
  stall(): void
  /** Dies over the next log that it sends, when it has sent so many records; the connection just ends. */
  dieAfter(records: number): void
  /** Happens when a log is asked for the next time, before the engine looks at its container. */
  beforeNextLog(act: () => void): void
  /** The next lists of containers fail: of running ones, or of those that have ended. */
  failLists(what: 'running' | 'ended', count: number): void
  /** Ends the streams of events. */
  cutEvents(): void
  /** Nothing comes any more in the streams of events that are open, which do not end. */
  loseEvents(): void
  /** How often containers were listed: running ones, or those that have ended. */
  listed(what: 'running' | 'ended'): number
  /** Ends all streams, as a proxy does with idle ones. */
  cut(): void
  /** How often the log of a container was opened to be followed. */
  followed(id: string): number
  close(): Promise<void>
}

interface Stamp {
  readonly stamp: string
  readonly atS: number
}

interface Record_ extends Stamp {
  readonly stream: 1 | 2
  readonly bytes: Buffer
}

interface Follower {
  readonly response: ServerResponse
  /** The log file that was written to when following began. */
  readonly file: number
  /** Unix seconds that were asked for, where older lines are left out. */
  readonly sinceS: number
  isStalled: boolean
}

interface Kept {
  readonly name: string
  readonly tty: boolean
  readonly fileRecords: number
  labels: Readonly<Record<string, string>>
  isRunning: boolean
  startedAt: string
  finishedAt: string
  followed: number
  readonly log: Record_[]
  readonly followers: Set<Follower>
}

/** The engine cuts what a program writes into pieces of this size, each with the stamp of the first. */
const PIECE_BYTES = 16_384

/**
 * Starts one at a port of this machine, or at `socketPath`. Before version 23 it leaves out, for who follows a
 * log, the first file that is begun after the log was opened, and for everybody each line that is older than
 * what was asked for; later ones leave nothing out after the first line that is not.
 */
export async function startScriptedEngine(socketPath?: string, version = '28.2.2'): Promise<ScriptedEngine> {
  const isOld = Number.parseInt(version, 10) < 23
  let clockMs = 0
  const containers = new Map<string, Kept>()
  const listeners = new Set<ServerResponse>()
  const failing = { running: 0, ended: 0 }
  const lists = { running: 0, ended: 0 }
  let counter = 0
  let lifeRecords = Number.POSITIVE_INFINITY
  let beforeLog: () => void = () => undefined
  const stampNow = (waitedMs = 0): Stamp => {
    const now = new Date(Date.now() + clockMs - waitedMs)
    const stamp = `${now.toISOString().slice(0, -1)}${String(counter++ % 1_000_000).padStart(6, '0')}Z`
    return { stamp, atS: Math.floor(now.getTime() / 1000) }
  }
  const tell = (id: string, Action: string): void => {
    for (const to of listeners)
      to.write(`${JSON.stringify({ Type: 'container', Action, Actor: { ID: id } })}\n`)
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://engine')
    response.setHeader('Server', `Docker/${version} (linux)`)
    const [, id = '', what = ''] = /^\/containers\/([0-9a-f]{64})\/(\w+)$/.exec(url.pathname) ?? []
    const kept = containers.get(id)
    if (url.pathname === '/_ping') response.end('OK')
    else if (url.pathname === '/networks') response.end('[]')
    else if (url.pathname === '/containers/json') {
      const what = /status/.test(url.searchParams.get('filters') ?? '') ? 'ended' : 'running'
      lists[what]++
      if (failing[what]-- > 0) response.writeHead(500).end('{"message":"the disk is busy"}')
      else response.end(JSON.stringify(list(containers, url)))
    } else if (url.pathname === '/events') {
      response.flushHeaders()
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
    } else if (kept === undefined) response.writeHead(404).end('{"message":"No such container"}')
    else if (what === 'json') response.end(JSON.stringify(inspect(kept)))
    else {
      const act = beforeLog
      beforeLog = () => undefined
      act()
      sendLog(kept, url.searchParams, response, { lifeRecords, isOld })
      lifeRecords = Number.POSITIVE_INFINITY
    }
  })
  server.listen(socketPath ?? 0)
  await once(server, 'listening')
  const make = (name: string, setup: ContainerSetup = {}): ScriptedContainer => {
    const { tty = false, labels = {}, fileRecords = Number.POSITIVE_INFINITY } = setup
    const id = createHash('sha256').update(`${name} ${containers.size}`).digest('hex')
    const kept: Kept = {
      ...{ name, tty, labels, fileRecords, isRunning: true, startedAt: stampNow().stamp, followed: 0 },
      ...{ finishedAt: '0001-01-01T00:00:00Z', log: [], followers: new Set<Follower>() },
    }
    containers.set(id, kept)
    tell(id, 'start')
    const open: { stdout?: Stamp; stderr?: Stamp } = {}
    return {
      id,
      write(stream, text, waitedMs) {
        for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
          const bytes = Buffer.from(line)
          // All pieces of a line have one time.
          const time = open[stream] ?? stampNow(waitedMs)
          open[stream] = line.endsWith('\n') ? undefined : time
          for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
            const piece = bytes.subarray(at, at + PIECE_BYTES)
            const record = { ...time, stream: stream === 'stdout' ? 1 : 2, bytes: piece } as const
            kept.log.push(record)
            for (const { response, isStalled, file, sinceS } of kept.followers) {
              const isSkipped = isOld && (fileOf(kept) === file + 1 || record.atS < sinceS)
              if (!isStalled && !isSkipped) response.write(frame(kept.tty, record))
            }
          }
        }
      },
      stop() {
        open.stdout = undefined
        open.stderr = undefined
        kept.isRunning = false
        kept.finishedAt = stampNow().stamp
        endFollowing(kept)
        tell(id, 'die')
      },
      start() {
        kept.isRunning = true
        kept.startedAt = stampNow().stamp
        tell(id, 'start')
      },
      remove() {
        containers.delete(id)
        endFollowing(kept)
        tell(id, 'destroy')
      },
      forget() {
        kept.log.length = 0
      },
      relabel(next) {
        kept.labels = next
        tell(id, 'start')
      },
    }
  }
  const followers = (): Follower[] => [...containers.values()].flatMap((kept) => [...kept.followers])
  return {
    host:
      socketPath === undefined
        ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix://${socketPath}`,
    make,
    setClock(offsetMs) {
      clockMs = offsetMs
    },
    stall() {
      for (const follower of followers()) follower.isStalled = true
    },
    dieAfter(records) {
      lifeRecords = records
    },
    beforeNextLog(act) {
      beforeLog = act
    },
    failLists(what, count) {
      failing[what] = count
    },
    cutEvents() {
      for (const response of listeners) response.end()
      listeners.clear()
    },
    loseEvents() {
      listeners.clear()
    },
    listed: (what) => lists[what],
    cut() {
      for (const kept of containers.values()) endFollowing(kept)
    },
    followed: (id) => containers.get(id)?.followed ?? 0,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function endFollowing({ followers }: Kept): void {
  for (const { response } of followers) response.end()
  followers.clear()
}

function list(containers: ReadonlyMap<string, Kept>, url: URL): unknown[] {
  const isAll = url.searchParams.get('all') === '1'
  const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as { id?: string[]; status?: string[] }
  return [...containers].flatMap(([Id, { name, labels, isRunning, finishedAt }]) => {
    const State = isRunning ? 'running' : 'exited'
    const endedS = Math.floor((Date.now() - Date.parse(finishedAt)) / 1000)
    const Status = isRunning ? 'Up 1 second' : `Exited (0) ${endedS} seconds ago`
    if (!isAll && !isRunning) return []
    if (filters.id !== undefined && !filters.id.includes(Id)) return []
    if (filters.status !== undefined && !filters.status.includes(State)) return []
    const HostConfig = { NetworkMode: 'none' }
    return [
      {
        Id,
        Names: [`/${name}`],
        State,
        Status,
        Labels: labels,
        Ports: [],
        HostConfig,
        NetworkSettings: null,
      },
    ]
  })
}

/** The log file, from 0, that its latest record lies in. */
function fileOf({ log, fileRecords }: Kept): number {
  return Math.floor((log.length - 1) / fileRecords)
}

function inspect({ tty, isRunning, startedAt, finishedAt, fileRecords }: Kept): unknown {
  const rotation = Number.isFinite(fileRecords) ? { 'max-size': '1k', 'max-file': '100' } : {}
  return {
    Config: { Tty: tty },
    State: { Running: isRunning, StartedAt: startedAt, FinishedAt: finishedAt },
    HostConfig: { LogConfig: { Type: 'json-file', Config: rotation } },
  }
}

/** As the engine: whole seconds decide where it begins, and `tail` how much of the end. */
function sendLog(
  kept: Kept,
  query: URLSearchParams,
  response: ServerResponse,
  { lifeRecords, isOld }: { readonly lifeRecords: number; readonly isOld: boolean },
): void {
  const sinceS = Number(query.get('since') ?? 0)
  const tail = query.has('tail') ? Number(query.get('tail')) : Number.POSITIVE_INFINITY
  const newest = kept.log.slice(Math.max(0, kept.log.length - tail))
  const from = newest.findIndex(({ atS }) => atS >= sinceS)
  const records = isOld ? newest.filter(({ atS }) => atS >= sinceS) : from < 0 ? [] : newest.slice(from)
  response.flushHeaders()
  for (const record of records.slice(0, lifeRecords)) response.write(frame(kept.tty, record))
  if (records.length > lifeRecords) return void response.socket?.end()
  if (query.get('follow') !== '1' || !kept.isRunning) return void response.end()
  const follower = { response, file: fileOf(kept), sinceS, isStalled: false }
  kept.followed++
  kept.followers.add(follower)
  response.on('close', () => kept.followers.delete(follower))
}

function frame(tty: boolean, { stamp, stream, bytes }: Record_): Buffer {
  const content = Buffer.concat([Buffer.from(`${stamp} `), bytes])
  if (tty)
    return content.at(-1) === 0x0a ? Buffer.concat([content.subarray(0, -1), Buffer.from('\r\n')]) : content
  const head = Buffer.alloc(8)
  head[0] = stream
  head.writeUInt32BE(content.length, 4)
  return Buffer.concat([head, content])
}
