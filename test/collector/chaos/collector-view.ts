import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dockerd } from '../../support/dockerd.ts'
import type { CollectorProcess } from './collector-process.ts'

const SOURCE = 'loki.source.docker.all'
/** What is not zero, without the buckets of histograms. */
const METRICS = /^loki_(source_docker|write)_(?!.*_bucket).* (?!0$)/

interface Detail {
  readonly debugInfo: readonly { readonly value: { readonly value: readonly unknown[] } }[]
}

/**
 * What the engine and the collector say of a container whose lines do not come: where reading stands in memory
 * and on disk, what was counted, and what was logged. What cannot be had is said, too.
 */
export async function collectorView(
  name: string,
  { collector, dockerd }: { readonly collector: CollectorProcess; readonly dockerd: Dockerd },
): Promise<string> {
  const format = '{{.Id}} {{json .State}} {{json .HostConfig.LogConfig}}'
  const engine = await orError(dockerd.docker(['inspect', '--format', format, name]))
  const id = engine.split(' ', 1)[0]
  const get = async (path: string): Promise<string> => (await fetch(`${collector.url}${path}`)).text()
  const position = async (): Promise<string> => {
    const text = await readFile(join(collector.storagePath, SOURCE, 'positions.yml'), 'utf8')
    return text.split('\n  ? ').find((entry) => entry.includes(`cursor-${id}`)) ?? 'none'
  }
  const reader = async (): Promise<string> => {
    const { debugInfo } = JSON.parse(await get(`/api/v0/web/components/${SOURCE}`)) as Detail
    const readers = debugInfo.flatMap(({ value }) => value.value).map((known) => JSON.stringify(known))
    return readers.find((known) => known.includes(id)) ?? 'none'
  }
  const metrics = async (): Promise<string> => {
    const lines = (await get('/metrics')).split('\n')
    return lines.filter((line) => METRICS.test(line)).join('\n')
  }
  const shortId = id.slice(0, 12)
  const logged = collector.log().split('\n')
  const parts = {
    'the engine': engine,
    'the reader': await orError(reader()),
    'the position': await orError(position()),
    metrics: await orError(metrics()),
    'log of the container': logged.filter((line) => line.includes(shortId)).join('\n') || 'none',
    'end of the log': logged.slice(-20).join('\n'),
  }
  return Object.entries(parts)
    .map(([title, text]) => `\n${title}:\n${text}`)
    .join('\n')
}

function orError(text: Promise<string>): Promise<string> {
  return text.catch((error: unknown) => String(error))
}
