import { OperatorError } from '#base/errors.ts'
import { type Labels, makeLabels } from '#base/labels.ts'
import { makeBufferPool } from '#collector/buffer-pool.ts'
import { makeDockerClient } from '#collector/docker/client.ts'
import { parseDockerHost } from '#collector/docker/host.ts'
import { makeLineBlocks } from '#collector/docker/line-blocks.ts'
import type { LogSink } from '#collector/docker/log-decoder.ts'
import { makeLogDecoder } from '#collector/docker/state-decoder.ts'
import type { BackfillEntry, BackfillSink } from './backfill-sink.ts'
import { findDocker } from './docker-host.ts'

/** What a backfill of containers works with. */
export interface DockerJob {
  /** Names or ids; all there are where empty. */
  readonly containers: readonly string[]
  /** In the form of DOCKER_HOST; found by itself where absent. */
  readonly host?: string
  /** How far back to read; 0 for everything, seconds since 1970. */
  readonly sinceS: number
  readonly labels: Labels
  readonly sink: BackfillSink
  readonly onProgress?: (doneContainers: number, allContainers: number) => void
}

const POOL_BYTES = 4 * 1024 * 1024

/**
 * Copies what the engine has kept of the containers' logs, as it was stamped there. The labels are those that
 * the collector gives: `container`, `stream`, and `service` of Compose.
 * @throws OperatorError `backfill_docker` where there is no engine, no such container, or its log cannot be
 * read
 */
export async function backfillDocker(job: DockerJob, signal: AbortSignal): Promise<void> {
  const found = job.host === undefined ? await findDocker() : { host: job.host, problem: '' }
  if (found.host === undefined) throw new OperatorError('backfill_docker', found.problem)
  const client = makeDockerClient(parseDockerHost(found.host))
  try {
    const all = await client.containers({ all: true, filters: {} })
    const nameOf = ({ Names, Id }: (typeof all)[number]): string => (Names?.[0] ?? Id).replace(/^\//, '')
    const wanted =
      job.containers.length === 0
        ? all
        : job.containers.map((name) => {
            const one = all.find((each) => nameOf(each) === name || each.Id.startsWith(name))
            if (one === undefined) {
              throw new OperatorError('backfill_docker', `${found.host} has no container ${name}`)
            }
            return one
          })
    for (const [i, container] of wanted.entries()) {
      signal.throwIfAborted()
      const service = container.Labels?.['com.docker.compose.service']
      const labels = { container: nameOf(container), ...(service !== undefined && { service }) }
      await copyLog(client, container.Id, labels, job, signal)
      await job.sink.flush()
      job.onProgress?.(i + 1, wanted.length)
    }
  } finally {
    client.close()
  }
}

async function copyLog(
  client: ReturnType<typeof makeDockerClient>,
  id: string,
  own: Readonly<Record<string, string>>,
  job: DockerJob,
  signal: AbortSignal,
): Promise<void> {
  const state = await client.container(id)
  if (state === undefined) return
  const labels = ['stdout', 'stderr'].map((stream) =>
    makeLabels([...Object.entries({ ...own, stream }), ...job.labels]),
  )
  const ready: { labels: Labels; entry: BackfillEntry }[] = []
  let fault: string | undefined
  const sink: LogSink = {
    line(stream, tsMs, tsNs, bytes) {
      const tsOfLine = BigInt(tsMs) * 1_000_000n + BigInt(tsNs)
      ready.push({ labels: labels[stream], entry: { tsNs: tsOfLine, line: Buffer.from(bytes).toString() } })
    },
    tooLong: () => undefined,
    unreadable: () => undefined,
    daemonError: (message) => {
      fault = message
    },
  }
  const blocks = makeLineBlocks(makeBufferPool(POOL_BYTES))
  const decoder = makeLogDecoder(state, client.server, sink, blocks)
  const request = { sinceS: job.sinceS, follow: false }
  const stream = await client.logs(id, request, (bytes) => decoder.push(bytes), signal)
  try {
    for (let more = true; more; ) {
      more = await stream.read()
      if (!more) decoder.finish()
      // The lines are texts by now.
      blocks.give(blocks.take())
      for (const { labels: of, entry } of ready.splice(0)) {
        if (entry.line !== '') await job.sink.add(of, entry)
      }
    }
  } finally {
    stream.close()
  }
  const broken = fault ?? (await stream.ended)?.message
  if (broken !== undefined)
    throw new OperatorError('backfill_docker', `the log of ${own.container}: ${broken}`)
}
