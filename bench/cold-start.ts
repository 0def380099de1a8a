import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { labelsText } from '../src/base/labels.ts'
import { packPartSync } from '../src/store/embedded/parts.ts'
import { dayName, dayOf, partitionDir, segmentName } from '../src/store/embedded/paths.ts'
import {
  COLUMNS_CODEC,
  type DirectoryEntry,
  encodeDirectory,
  encodeStreams,
  encodeTrailer,
  SEGMENT_HEADER,
  type SegmentProperties,
} from '../src/store/embedded/segment-format.ts'
import { freePort, writeConfig } from '../test/crash/server-process.ts'
import { cpuSeconds, rssMb } from './load/process-usage.ts'
import { startLogProcess } from './support/log-process.ts'

// Time from the start of a server to /ready with many segments on disk, after that of one with none.
// usage: node bench/cold-start.ts [--gb 50] [--segment-mb 64] [--streams 300] [--days 14] [--runs 3]
//   [--program dist/logboom.js], the bundle that `npm run build` makes, rather than the sources
// The segments are sparse files with true footers: what a start reads is there, rows are not.

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '50' },
    'segment-mb': { type: 'string', default: '64' },
    streams: { type: 'string', default: '300' },
    days: { type: 'string', default: '14' },
    runs: { type: 'string', default: '3' },
    program: { type: 'string' },
  },
})
const segmentBytes = Number(values['segment-mb']) * 2 ** 20
const segments = Math.round((Number(values.gb) * 1e9) / segmentBytes)
const [streams, days, runs] = [values.streams, values.days, values.runs].map(Number)
/** Lines take about an eighth of their size on disk, and a block has half a megabyte of them. */
const blocks = Math.round((segmentBytes * 8) / (512 << 10))
const DAY_MS = 86_400_000

const folder = mkdtempSync(join(tmpdir(), 'logboom-bench-start-'))
try {
  for (let run = 0; run < runs; run++) await measure('empty', join(folder, 'empty'))
  const full = join(folder, 'full')
  for (let number = 0; number < segments; number++) writeSegment(join(full, 'chunks'), number)
  const what = `${segments} segments, ${segments * blocks} blocks, ${segments * streams} label sets`
  for (let run = 0; run < runs; run++) await measure(what, full)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(what: string, dir: string): Promise<void> {
  const port = await freePort()
  const server = await startLogProcess(writeConfig(dir, port), port, values.program)
  const cpuS = cpuSeconds(server.pid).toFixed(2)
  const { now } = rssMb(server.pid)
  await server.end('SIGTERM')
  console.log(`${what}: ready after ${Math.round(server.readyMs)} ms, ${cpuS} CPU s, RSS ${now} MB`)
}

/** Each segment holds the same streams: a host's containers change little from one hour to the next. */
function writeSegment(dir: string, number: number): void {
  const today = dayOf(Date.now(), 0)
  const day = today - days + Math.floor((number * days) / segments)
  const walFrom = number * 4 + 1
  const path = join(partitionDir(dir, 'fake', day), segmentName(walFrom, walFrom + 3))
  const labelSets = Array.from({ length: streams }, (_, stream) => labelsOf(stream))
  labelSets.sort((a, b) => (labelsText(a) < labelsText(b) ? -1 : 1))
  const listed = packPartSync(encodeStreams(labelSets))
  const directory = packPartSync(encodeDirectory(Array.from({ length: blocks }, (_, i) => entryOf(i, day))))
  const properties: SegmentProperties = {
    ...{ tenant: 'fake', day: dayName(day), walFrom, walTo: walFrom + 3, rows: blocks * 2000 },
    ...{ lineBytes: blocks << 19, minMs: day * DAY_MS + 1, maxMs: day * DAY_MS + DAY_MS - 1 },
    ...{ createdMs: day * DAY_MS, writer: 'bench', generation: 3 },
  }
  const described = packPartSync(Buffer.from(JSON.stringify(properties)))
  // Counters and filters are not read at start; a hole stands for them.
  const hole = { storedBytes: 1 << 20, rawBytes: 1 << 20, crc: 0 }
  const tail = [listed, directory, described]
  const tailBytes = tail.reduce((sum, { stored }) => sum + stored.length, 0)
  const trailer = encodeTrailer({
    sectionsAt: segmentBytes - tailBytes - 2 * hole.storedBytes,
    sections: {
      ...{ counters: hole, filters: hole },
      ...{ streams: listed.info, directory: directory.info, properties: described.info },
    },
    blocks,
  })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, SEGMENT_HEADER)
  truncateSync(path, segmentBytes)
  const file = openSync(path, 'r+')
  writeSync(
    file,
    Buffer.concat([...tail.map(({ stored }) => stored), trailer]),
    0,
    undefined,
    segmentBytes - tailBytes,
  )
  closeSync(file)
}

function labelsOf(stream: number): [string, string][] {
  const app = `app-${stream % 40}`
  const hash = Math.imul(stream + 1, 0x9e3779b1) >>> 0
  return [
    ['cluster', 'prod-eu-1'],
    ['container', app],
    ['namespace', `team-${stream % 8}`],
    ['pod', `${app}-${hash.toString(36)}`],
    ['service_name', app],
    ['stream', stream % 2 === 0 ? 'stdout' : 'stderr'],
  ]
}

function entryOf(block: number, day: number): DirectoryEntry {
  const part = (storedBytes: number) => ({
    storedBytes,
    rawBytes: storedBytes * 8,
    crc: Math.imul(block + storedBytes, 0x9e3779b1) >>> 0,
  })
  const minMs = day * DAY_MS + ((block * 7919) % 86_000_000)
  return {
    ...{ stream: Math.floor((block * streams) / blocks), rows: 2000 + (block % 77) },
    ...{
      minMs,
      minNs: (block * 7907) % 1_000_000,
      maxMs: minMs + 400_000,
      maxNs: (block * 104_729) % 1_000_000,
    },
    ...{ offset: 17 + block * 65_536, codec: COLUMNS_CODEC, traits: 3, filterBytes: 700 + (block % 91) },
    ...{ times: part(3000 + (block % 331)), lengths: part(900), metadata: part(40), lines: part(60_000) },
  }
}
