import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer('auth_enabled: false\ndistributor: {max_recv_msg_size: 2000}')
})

afterAll(async () => {
  await server.close()
})

const body = (line: string, ageMs = 0): string =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'otlp' } }] },
        scopeLogs: [
          {
            logRecords: [
              { timeUnixNano: `${Date.now() - ageMs}000000`, body: { stringValue: line } },
              { timeUnixNano: `${Date.now()}000001`, body: { stringValue: `${line} too` } },
            ],
          },
        ],
      },
    ],
  })

function post(content: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/otlp/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof content === 'string' ? content : new Uint8Array(content),
  })
}

/** The message of a `google.rpc.Status`, short enough for one byte of length or two. */
async function message(response: Response): Promise<string> {
  const bytes = Buffer.from(await response.arrayBuffer())
  return bytes.toString('utf8', bytes[1] < 0x80 ? 2 : 3)
}

async function lines(): Promise<string[]> {
  const response = await fetch(`${server.url}/loki/api/v1/query_range?query={service_name="otlp"}`)
  const { data } = (await response.json()) as { data: { result: { values: [string, string][] }[] } }
  return data.result.flatMap(({ values }) => values.map(([, line]) => line)).sort()
}

describe('/otlp/v1/logs', () => {
  test('takes plain, gzip, lz4 and zstd, and parameters of the media type', async () => {
    expect((await post(body('plain'), { 'content-type': 'application/json; charset=utf-8' })).status).toBe(
      204,
    )
    expect((await post(gzipSync(body('gzip')), { 'content-encoding': 'gzip' })).status).toBe(204)
    expect((await post(zstdCompressSync(body('zstd')), { 'content-encoding': 'zstd' })).status).toBe(204)
    // A frame with one block that is stored as it is.
    const unpacked = Buffer.from(body('lz4'))
    const size = Buffer.alloc(4)
    size.writeUInt32LE((unpacked.length + 0x80000000) >>> 0)
    const head = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
    const packed = Buffer.concat([head, size, unpacked, Buffer.alloc(4)])
    expect((await post(packed, { 'content-encoding': 'lz4' })).status).toBe(204)
    expect(await lines()).toEqual([
      'gzip',
      'gzip too',
      'lz4',
      'lz4 too',
      'plain',
      'plain too',
      'zstd',
      'zstd too',
    ])
  })

  test.each<[string, string, Record<string, string>, number, string]>([
    ['another media type', '{}', { 'content-type': 'text/plain' }, 400, 'content type: text/plain is not'],
    ['another encoding', '{}', { 'content-encoding': 'snappy' }, 400, 'unsupported content encoding snappy:'],
    ['no records', '{}', {}, 422, 'error at least one valid stream is required for ingestion'],
    ['no JSON', '{', {}, 400, ''],
    ['a broken gzip', 'x', { 'content-encoding': 'gzip' }, 400, 'gzip: '],
    ['a body that is too large', ' '.repeat(3000), {}, 413, 'request body too large'],
    ['half a protobuf', '\n', { 'content-type': 'application/x-protobuf' }, 400, 'unexpected EOF'],
  ])('refuses %s with a status message', async (_what, content, headers, status, text) => {
    const response = await post(content, headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect((await message(response)).slice(0, text.length)).toBe(text)
  })

  test('stores what is valid and tells what is not', async () => {
    const response = await post(body('old', 30 * 86_400_000))
    expect(response.status).toBe(400)
    expect(await message(response)).toMatch(
      /^entry for stream '\{service_name="otlp"\}' has timestamp too old/,
    )
    expect(await lines()).toContain('old too')
  })
})
