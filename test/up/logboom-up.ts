import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LOGBOOM = fileURLToPath(new URL('../../bin/logboom', import.meta.url))

/** A `logboom up` in a process of its own. */
export interface UpProcess {
  readonly url: string
  /** What it wrote to standard output until it was ready. */
  readonly greeting: string
  /** Waits for the next greeting, after it has changed over to an engine, and resolves with its address. */
  nextUrl(): Promise<string>
  /** Ends it with a signal; resolves with its exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
}

/** Starts it on a free port and waits for its greeting. Throws with its output when it ends instead. */
export async function startUp(
  dataDir: string,
  env: Record<string, string>,
  flags: readonly string[] = [],
): Promise<UpProcess> {
  const args = [LOGBOOM, 'up', '--listen', '127.0.0.1:0', '--data', dataDir, ...flags]
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let output = ''
  const onText = (text: string): void => {
    output += text
  }
  child.stdout?.setEncoding('utf8').on('data', onText)
  child.stderr?.setEncoding('utf8').on('data', onText)
  let exitCode: number | null | undefined
  const exited = (once(child, 'exit') as Promise<[number | null]>).then(([code]) => {
    exitCode = code
    return code
  })
  let seen = 0
  const nextUrl = async (): Promise<string> => {
    for (;;) {
      const found = /page and API {2}(http:\S+)[\s\S]*?Ctrl-C/.exec(output.slice(seen))
      if (found !== null) {
        seen += found.index + found[0].length
        return found[1]
      }
      if (exitCode !== undefined) throw new Error(`logboom up ended with ${exitCode}:\n${output}`)
      await sleep(20)
    }
  }
  const url = await nextUrl()
  const end: UpProcess['end'] = async (signal) => {
    child.kill(signal)
    return exited
  }
  return { url, greeting: output, nextUrl, end }
}

/** Every line that a query finds, oldest first, by the values of the labels in `names` (joined with a space). */
export async function linesBy(
  url: string,
  query: string,
  names: readonly string[],
): Promise<Map<string, string[]>> {
  const params = new URLSearchParams({ query, limit: '5000', direction: 'forward', since: '1h' })
  const answer = await fetch(`${url}/loki/api/v1/query_range?${params}`)
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  const body = (await answer.json()) as {
    data: { result: { stream: Record<string, string>; values: [string, string][] }[] }
  }
  const found = new Map<string, [string, string][]>()
  for (const { stream, values } of body.data.result) {
    const key = names.map((name) => stream[name] ?? '').join(' ')
    found.set(key, [...(found.get(key) ?? []), ...values])
  }
  const byTime = (a: [string, string], b: [string, string]): number => Number(BigInt(a[0]) - BigInt(b[0]))
  return new Map([...found].map(([key, values]) => [key, values.sort(byTime).map(([, line]) => line)]))
}
