import { createServer, type Server, type Socket } from 'node:net'
import { errorMessage } from '#base/errors.ts'
import { apiTlsOptions } from '../api/server-args.ts'
import { makeSyslogFramer } from './framing.ts'
import type { ListenerArgs } from './listener-args.ts'

/** What a listener tells its owner. */
export interface ListenerEvents {
  /** A message has come; a connection is not read on until this resolves. */
  message(bytes: Buffer, remoteAddress: string): Promise<void>
  /** Something that came could not be taken. */
  problem(error: unknown, remoteAddress: string): void
}

/** A socket that takes syslog messages. */
export interface SyslogListener {
  /** The port it was given. */
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens as `listener {}` says.
 * @throws Error when the address cannot be had, or a certificate cannot be read.
 */
export function startSyslogListener(args: ListenerArgs, events: ListenerEvents): Promise<SyslogListener> {
  const match = /^(?:\[(.*)\]|([^:]*)):(\d{1,5})$/.exec(args.address)
  if (match === null)
    throw new Error(`the address ${JSON.stringify(args.address)} is not of the form host:port`)
  const host = match[1] ?? match[2]
  const port = Number(match[3])
  return args.protocol === 'udp' ? listenUdp(args, host, port, events) : listenTcp(args, host, port, events)
}

async function listenTcp(
  args: ListenerArgs,
  host: string,
  port: number,
  events: ListenerEvents,
): Promise<SyslogListener> {
  const sockets = new Set<Socket>()
  const serve = (socket: Socket): void => {
    sockets.add(socket)
    void readConnection(socket, args, events).finally(() => sockets.delete(socket))
  }
  const server: Server =
    args.tls_config === undefined
      ? createServer(serve)
      : process.getBuiltinModule('node:tls').createServer(apiTlsOptions(args.tls_config), serve)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host === '' ? undefined : host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Reads a connection to its end, or to the first thing in it that makes no sense. */
async function readConnection(socket: Socket, args: ListenerArgs, events: ListenerEvents): Promise<void> {
  const remote = socket.remoteAddress ?? ''
  const framer = makeSyslogFramer(args.max_message_length)
  socket.setTimeout(args.idle_timeout, () => socket.destroy())
  try {
    for await (const bytes of socket) {
      for (const message of framer.push(bytes)) await events.message(message, remote)
    }
    for (const message of framer.finish()) await events.message(message, remote)
  } catch (error) {
    if (!socket.destroyed || !/premature close/i.test(errorMessage(error))) events.problem(error, remote)
    socket.destroy()
  }
}

async function listenUdp(
  args: ListenerArgs,
  host: string,
  port: number,
  events: ListenerEvents,
): Promise<SyslogListener> {
  const { createSocket } = process.getBuiltinModule('node:dgram')
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  let waiting = 0
  let last: Promise<void> = Promise.resolve()
  socket.on('message', (bytes, { address }) => {
    // Nobody can be held back here: what the queue cannot hold is lost, and said to be.
    if (waiting >= args.udp_queue_size) return events.problem(new Error('the UDP queue is full'), address)
    waiting++
    last = last
      .then(() => events.message(bytes, address))
      .catch((error: unknown) => events.problem(error, address))
      .finally(() => waiting--)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, host === '' ? undefined : host, resolve)
  })
  return {
    port: socket.address().port,
    async close() {
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  }
}
