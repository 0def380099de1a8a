import type { IncomingMessage, ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import type { ServerContext } from '../context.ts'
import { send, sendText } from '../http/reply.ts'

/** The one member that every ring of a single process has, in the fields Loki's ring pages show. */
interface RingMember {
  readonly id: string
  readonly state: 'ACTIVE' | 'LEAVING'
  readonly address: string
  readonly timestamp: string
  readonly registered_timestamp: string
  readonly read_only: boolean
  readonly read_only_updated_timestamp: string
  readonly zone: string
  readonly tokens: readonly number[]
}

/** Go's zero time, which stands for "never". */
const NEVER = '0001-01-01T00:00:00Z'

/** `GET|POST /ring` and the rings of the parts: this process is the only member, and has all of each ring. */
export function serveRing(context: ServerContext, request: IncomingMessage, response: ServerResponse): void {
  const now = new Date().toISOString()
  const { common, server } = context.config
  const member: RingMember = {
    id: hostname(),
    state: context.isOpen() ? 'ACTIVE' : 'LEAVING',
    address: `${common.instance_addr || '127.0.0.1'}:${server.grpc_listen_port}`,
    timestamp: now,
    registered_timestamp: new Date(context.startedMs).toISOString(),
    read_only: false,
    read_only_updated_timestamp: NEVER,
    zone: '',
    tokens: [0],
  }
  if (String(request.headers.accept ?? '').includes('application/json')) {
    send(response, 200, 'application/json', `${JSON.stringify({ shards: [member], now })}\n`)
  } else {
    send(response, 200, 'text/html; charset=utf-8', ringPage(member), PAGE_HEADERS)
  }
}

const PAGE_HEADERS = { 'content-security-policy': "default-src 'none'", 'x-content-type-options': 'nosniff' }

function ringPage({ id, state, address, registered_timestamp: since }: RingMember): string {
  const cells = [id, state, address, since, '100%'].map((text) => `<td>${escapeHtml(text)}</td>`).join('')
  const heads = ['Instance', 'State', 'Address', 'Registered', 'Ownership']
  return `<!doctype html><title>Ring</title><h1>Ring</h1>
<p>One process, which is the only member of every ring.</p>
<table><tr>${heads.map((text) => `<th>${text}</th>`).join('')}</tr><tr>${cells}</tr></table>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** `GET /memberlist`. */
export function serveMemberlist(response: ServerResponse): void {
  sendText(response, 200, "This instance doesn't use memberlist.")
}
