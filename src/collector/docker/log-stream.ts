import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDechunker } from './dechunker.ts'
import { dockerErrorFrom } from './docker-error.ts'
import type { DockerHost } from './host.ts'

/** An open `logs` response. */
export interface LogStream {
  /** The `Server` header: `Docker/28.2.2 (linux)`, `Libpod/5.4.0 (linux)`. */
  readonly server: string
  /**
   * Reads once: calls `onBytes` with what came and resolves to true; false at the end, however it came about.
   */
  read(): Promise<boolean>
  /** Resolves when the response has ended; to the error where the connection broke. */
  readonly ended: Promise<Error | undefined>
  close(): void
}

/** How to reach the daemon, beyond its address. */
export interface LogStreamOptions {
  readonly headers: Readonly<Record<string, string>>
  /** TLS settings of `node:tls`, for `https://` hosts. */
  readonly tls?: Readonly<Record<string, unknown>>
  readonly connectTimeoutMs: number
  /** Asks for an answer that says where it ends, and fails where the connection ends before. */
  readonly isWhole?: boolean
  readonly signal?: AbortSignal
}

/**
 * One read buffer for all streams: what is read is decoded before the next read starts, so hundreds of
 * followed containers cost no more memory than one. With the rest of a frame before it a read still fits into
 * a block of 64 KiB.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(60 * 1024)
const MAX_HEAD_BYTES = 64 * 1024
const MAX_ERROR_BYTES = 64 * 1024
const CUT_SHORT = 'the Docker daemon has ended before it had sent the whole log'

/**
 * The daemon writes every line apart, so a reader that takes each as it comes spends its time on reads of one
 * line. This long is waited between two reads for more to come together: a third of the processor time at the
 * same speed.
 */
const GATHER_MS = 1
/** A read of this size shows that enough comes together without waiting. */
const FULL_READ_BYTES = 32 * 1024

/**
 * Opens `path` on the daemon and gives the body to `onBytes`, read by read, on demand. Speaks HTTP/1.0 over a
 * plain socket, in which the body is neither cut into chunks nor parsed: measured against node:http with
 * 200-byte lines, it takes a third of the processor time. Such an answer ends with its connection, however
 * that came about; where the end matters (`isWhole`) it is HTTP/1.1. The bytes are valid only during the call
 * of `onBytes`.
 * @throws DockerError for any other status than 200; the socket's error when the daemon cannot be reached.
 */
export async function openLogStream(
  host: DockerHost,
  path: string,
  onBytes: (bytes: Uint8Array) => void,
  options: LogStreamOptions,
): Promise<LogStream> {
  options.signal?.throwIfAborted()
  const reader = dial(host, options)
  const { socket } = reader
  const onAbort = (): void => void socket.destroy()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  reader.ended.then(() => options.signal?.removeEventListener('abort', onAbort))
  socket.write(requestText(host, path, options))
  const head = await readHead(reader, options.connectTimeoutMs)
  if (head.status !== 200) {
    throw dockerErrorFrom(head.status, path, await readRest(reader, head.rest))
  }
  let isCut = options.isWhole === true && head.chunked
  const deliver = head.chunked ? makeDechunker(onBytes, () => (isCut = false)) : onBytes
  const ended = reader.ended.then((error) => error ?? (isCut ? new Error(CUT_SHORT) : undefined))
  let backlog: Buffer | undefined = head.rest.length > 0 ? head.rest : undefined
  let lastReadBytes = 0
  const read = async (): Promise<boolean> => {
    if (backlog !== undefined) {
      deliver(backlog)
      backlog = undefined
      return true
    }
    if (lastReadBytes > 0 && lastReadBytes < FULL_READ_BYTES) await sleep(GATHER_MS)
    return reader.read((bytes) => {
      lastReadBytes = bytes.length
      deliver(bytes)
    })
  }
  return { server: head.server, ended, read, close: () => socket.destroy() }
}

interface Reader {
  readonly socket: Socket
  readonly ended: Promise<Error | undefined>
  read(handle: (bytes: Buffer) => void): Promise<boolean>
}

/** Connects; nothing is read but on demand. */
function dial(host: DockerHost, options: LogStreamOptions): Reader {
  let handle: ((bytes: Buffer) => void) | undefined
  let settle: ((more: boolean) => void) | undefined
  let failure: Error | undefined
  const socket = openSocket(host, options, (bytes) => {
    socket.pause()
    handle?.(bytes)
    settle?.(true)
    settle = undefined
  })
  socket.on('error', (error) => {
    failure = error
  })
  socket.once('end', () => socket.destroy())
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('close', () => {
      settle?.(false)
      settle = undefined
      resolve(failure)
    })
  })
  const read = (next: (bytes: Buffer) => void): Promise<boolean> => {
    if (socket.closed) return Promise.resolve(false)
    handle = next
    return new Promise((resolve) => {
      settle = resolve
      socket.resume()
    })
  }
  return { socket, ended, read }
}

function openSocket(host: DockerHost, options: LogStreamOptions, onBytes: (bytes: Buffer) => void): Socket {
  if (host.kind === 'tcp' && host.tls) {
    const socket = process.getBuiltinModule('node:tls').connect({
      servername: host.hostname,
      ...options.tls,
      host: host.hostname,
      port: host.port,
    })
    socket.on('data', onBytes)
    return socket
  }
  const onread = {
    buffer: READ_BUFFER,
    callback: (length: number): boolean => {
      onBytes(READ_BUFFER.subarray(0, length))
      return true
    },
  }
  if (host.kind === 'unix') return connect({ path: host.socketPath, onread })
  return connect({
    host: host.hostname,
    port: host.port,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    onread,
  })
}

function requestText(host: DockerHost, path: string, { headers, isWhole }: LogStreamOptions): string {
  const name = host.kind === 'unix' ? 'docker' : host.hostname
  const protocol = isWhole === true ? 'HTTP/1.1\r\nConnection: close' : 'HTTP/1.0'
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`)
  return `GET ${path} ${protocol}\r\nHost: ${name}\r\n${lines.join('')}\r\n`
}

interface Head {
  readonly status: number
  readonly server: string
  readonly chunked: boolean
  /** Bytes of the body that came with the head. */
  readonly rest: Buffer
}

async function readHead(reader: Reader, timeoutMs: number): Promise<Head> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    reader.socket.destroy()
  }, timeoutMs)
  let seen: Buffer = Buffer.alloc(0)
  try {
    while (await reader.read((bytes) => (seen = Buffer.concat([seen, bytes])))) {
      const end = seen.indexOf('\r\n\r\n')
      if (end >= 0) return parseHead(seen, end)
      if (seen.length > MAX_HEAD_BYTES) reader.socket.destroy()
    }
  } finally {
    clearTimeout(timer)
  }
  if (late) throw new Error(`the Docker daemon did not answer within ${timeoutMs} ms`)
  throw (await reader.ended) ?? new Error('the Docker daemon closed the connection without an answer')
}

function parseHead(seen: Buffer, end: number): Head {
  const [statusLine, ...lines] = seen.toString('latin1', 0, end).split('\r\n')
  const header = (name: string): string =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? ''
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0)
  const chunked = header('transfer-encoding').toLowerCase() === 'chunked'
  return { status, server: header('server'), chunked, rest: seen.subarray(end + 4) }
}

async function readRest(reader: Reader, first: Buffer): Promise<string> {
  let seen = first
  reader.socket.setTimeout(5000, () => reader.socket.destroy())
  while (seen.length < MAX_ERROR_BYTES) {
    if (!(await reader.read((bytes) => (seen = Buffer.concat([seen, bytes]))))) break
  }
  reader.socket.destroy()
  return seen.toString()
}
