import { createServer, type ServerResponse } from 'node:http'

// A Docker Engine as far as a collector can see, whose containers cost next to nothing.
// usage: node bench/collector/fake-engine.ts SOCKET CONTAINERS MB_PER_S   (0: as fast as read; idle: -1)

const [socketPath, containers = '20', rate = '0'] = process.argv.slice(2)
const bytesPerS = (Number(rate) * 1e6) / Number(containers)
/** Bytes of a line without its newline. */
const LINE_BYTES = 200
const LINES_PER_WRITE = 64
const STAMP_BYTES = 30
const FRAME_BYTES = 8 + STAMP_BYTES + 1 + LINE_BYTES + 1
const TICK_MS = 20

const ids = Array.from({ length: Number(containers) }, (_, index) =>
  (index + 1).toString(16).padStart(64, '0'),
)
const startedAt = new Date().toISOString()

const server = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0].replace(/^\/v[\d.]+/, '')
  response.setHeader('Server', 'Docker/28.2.2 (linux)')
  const id = /^\/containers\/([0-9a-f]{64})\//.exec(path)?.[1] ?? ''
  if (path === '/_ping') return void response.end('OK')
  if (path === '/containers/json') return answer(response, ids.map(summary))
  if (path === '/networks') return answer(response, [])
  if (path === '/events') return response.flushHeaders()
  if (path.endsWith('/logs')) return writeLog(response, ids.indexOf(id))
  if (path.endsWith('/json')) return answer(response, state())
  response.writeHead(404).end('{"message":"page not found"}')
})
server.listen(socketPath)
process.on('SIGTERM', () => process.exit(0))

function answer(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))
}

function summary(id: string, index: number): unknown {
  const labels = { 'com.docker.compose.service': `service-${index}`, 'com.docker.compose.project': 'bench' }
  return {
    ...{ Id: id, Names: [`/bench-${index}`], State: 'running', Labels: labels, Ports: [] },
    ...{ HostConfig: { NetworkMode: 'none' }, NetworkSettings: { Networks: {} } },
  }
}

function state(): unknown {
  return {
    Config: { Tty: false },
    State: { Running: true, StartedAt: startedAt, FinishedAt: '0001-01-01T00:00:00Z' },
    HostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
  }
}

/** Frames of one write; only their stamps change. */
function makeFrames(index: number): Buffer {
  const frames = Buffer.alloc(FRAME_BYTES * LINES_PER_WRITE)
  for (let line = 0; line < LINES_PER_WRITE; line++) {
    const at = line * FRAME_BYTES
    frames[at] = 1
    frames.writeUInt32BE(FRAME_BYTES - 8, at + 4)
    const requestId = (line * 7919 * (index + 1)).toString(16)
    const head = `{"level":"info","container":${index},"request_id":"${requestId}",`
    const text = `${head}"path":"/api/v1/orders/${line * 31}","status":200,"msg":"`
    frames.write(`${text.padEnd(LINE_BYTES - 2, 'request served ')}"}\n`, at + 8 + STAMP_BYTES + 1)
  }
  return frames
}

function writeLog(response: ServerResponse, index: number): void {
  response.flushHeaders()
  const { socket } = response
  if (bytesPerS < 0 || socket === null) return
  const frames = makeFrames(index)
  let lines = 0
  const fill = (): void => {
    const nowMs = Date.now()
    const prefix = new Date(nowMs).toISOString().slice(0, -1)
    for (let line = 0; line < LINES_PER_WRITE; line++) {
      const number = String(lines++ % 1_000_000).padStart(6, '0')
      frames.write(`${prefix}${number}Z `, line * FRAME_BYTES + 8, 'latin1')
    }
  }
  const linesPerTick = Math.max(1, (bytesPerS * TICK_MS) / 1000 / LINE_BYTES)
  let due = 0
  const timer = setInterval(() => {
    due += bytesPerS > 0 ? linesPerTick : Number.POSITIVE_INFINITY
    while (due >= LINES_PER_WRITE && !socket.writableNeedDrain) {
      fill()
      due -= LINES_PER_WRITE
      response.write(Buffer.from(frames))
    }
    if (bytesPerS === 0) due = 0
  }, TICK_MS)
  if (bytesPerS === 0) {
    socket.on('drain', () => {
      while (!socket.writableNeedDrain) {
        fill()
        response.write(Buffer.from(frames))
      }
    })
  }
  response.on('close', () => clearInterval(timer))
}
