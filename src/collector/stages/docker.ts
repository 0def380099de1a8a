import { parseJson } from '#base/parse-json.ts'
import { type StageDefinition, simpleStage } from './stage.ts'
import { readTime } from './time-format.ts'

/**
 * `stage.docker`: reads the lines of Docker's json-file driver, `{"log":"…","stream":"…","time":"…"}`.
 * Anything else passes as it is.
 */
export const dockerStage: StageDefinition = {
  name: 'stage.docker',
  schema: { attributes: {} },
  build(_args, next) {
    const parseTime = readTime('RFC3339Nano')
    return simpleStage(next, (entry) => {
      const record = parseRecord(entry.line)
      if (record === undefined) return
      const { log, stream, time } = record
      entry.extracted.set('output', log)
      entry.extracted.set('stream', stream)
      entry.extracted.set('timestamp', time)
      entry.setLabel('stream', stream)
      const parsed = parseTime(time)
      if (parsed !== undefined) {
        entry.tsMs = parsed.ms
        entry.tsNs = parsed.ns
      }
      entry.line = log
    })
  },
}

interface DockerRecord {
  readonly log: string
  readonly stream: string
  readonly time: string
}

function parseRecord(line: string): DockerRecord | undefined {
  if (!line.startsWith('{')) return undefined
  let value: unknown
  try {
    value = parseJson(line)
  } catch {
    return undefined
  }
  const { log, stream, time } = value as Record<string, unknown>
  if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string') return undefined
  return { log, stream, time }
}
