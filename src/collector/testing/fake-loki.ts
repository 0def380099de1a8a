import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { uncompressSync } from 'snappy'

/** One entry that arrived, with the text of its stream's labels. */
export interface ReceivedEntry {
  readonly labels: string
  /** Nanoseconds since the epoch. */
  readonly tsNs: bigint
  readonly line: string
  readonly metadata: readonly (readonly [string, string])[]
}

/** One request that arrived. */
export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders
  readonly entries: readonly ReceivedEntry[]
  /** The client's end of the connection, to see whether connections are used again. */
  readonly connection: string
}

/** A server with Loki's push route, strict about what it accepts. */
export interface FakeLoki {
  readonly url: string
  /** Requests that were answered with 204. */
  readonly accepted: ReceivedRequest[]
  /** All requests that arrived whole. */
  readonly seen: ReceivedRequest[]
  /** Entries of the accepted requests, in order of arrival. */
  entries(): ReceivedEntry[]
  /** Decides what happens to the next requests: a status, `'close'`, or `'hang'`. Default 204. */
  answer: (request: ReceivedRequest, count: number) => number | 'close' | 'hang'
  /** Body of answers other than 204. */
  errorBody: string
  stop(): Promise<void>
}

/** Starts the server on a free port of the loopback interface, or on `port`. */
export async function startFakeLoki(port = 0): Promise<FakeLoki> {
  const sockets = new Set<Socket>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { remotePort } = request.socket
    const problem = requestProblem(request.method, request.url, request.headers)
    if (problem !== undefined) return end(response, 400, problem)
    const entries = decodePush(uncompressSync(Buffer.concat(chunks), { asBuffer: true }) as Buffer)
    const received = { headers: request.headers, entries, connection: String(remotePort) }
    fake.seen.push(received)
    const answer = fake.answer(received, fake.seen.length)
    if (answer === 'hang') return
    if (answer === 'close') return void request.socket.destroy()
    if (answer === 204) fake.accepted.push(received)
    end(response, answer, answer === 204 ? '' : fake.errorBody)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const fake: FakeLoki = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/loki/api/v1/push`,
    accepted: [],
    seen: [],
    entries: () => fake.accepted.flatMap(({ entries }) => entries),
    answer: () => 204,
    errorBody: 'no\nmore',
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(body)
}

function requestProblem(method = '', url = '', headers: IncomingHttpHeaders): string | undefined {
  if (method !== 'POST' || url !== '/loki/api/v1/push') return `${method} ${url}`
  if (headers['content-type'] !== 'application/x-protobuf') return `content type ${headers['content-type']}`
  if (headers['content-encoding'] !== 'snappy') return `content encoding ${headers['content-encoding']}`
  if (headers['content-length'] === undefined) return 'no content length'
  if (!headers['user-agent']?.startsWith('Logboom/')) return `user agent ${headers['user-agent']}`
  return undefined
}

type Field = readonly [number: number, value: number | bigint | Buffer]

/** Reads one protobuf message: field numbers with varints or length-delimited bytes. */
function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('protobuf ends within a varint')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    if ((tag & 7) === 0) fields.push([tag >> 3, varint()])
    else if ((tag & 7) === 2) {
      const length = Number(varint())
      if (at + length > bytes.length) throw new Error('protobuf ends within a field')
      fields.push([tag >> 3, bytes.subarray(at, at + length)])
      at += length
    } else throw new Error(`protobuf wire type ${tag & 7}`)
  }
  return fields
}

/** Decodes `logproto.PushRequest`, independently of the code under test. */
export function decodePush(bytes: Buffer): ReceivedEntry[] {
  const all = (buffer: Buffer, number: number): Buffer[] =>
    readFields(buffer).flatMap(([field, value]) => (field === number ? [value as Buffer] : []))
  return all(bytes, 1).flatMap((stream) => {
    const labels = all(stream, 1)[0].toString()
    return all(stream, 2).map((entry) => {
      const stamp = readFields(all(entry, 1)[0] ?? Buffer.alloc(0))
      const part = (number: number): bigint =>
        BigInt(Number(stamp.find(([field]) => field === number)?.[1] ?? 0))
      const metadata = all(entry, 3).map((pair) => [all(pair, 1).join(''), all(pair, 2).join('')] as const)
      const line = (all(entry, 2)[0] ?? Buffer.alloc(0)).toString()
      return { labels, tsNs: part(1) * 1_000_000_000n + part(2), line, metadata }
    })
  })
}
