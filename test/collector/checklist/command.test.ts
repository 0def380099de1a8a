import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../crash/server-process.ts'
import { type CollectorProcess, makeCollectorProcess } from '../chaos/collector-process.ts'

// Where each item of the checklist for an Alloy in another language is tested:
//
//   lexer: terminators, trailing commas, octal, \', comments, raw strings, byte order marks
//                            src/collector/syntax/{parser,literal,source}.test.ts
//   expressions: precedence, no short circuit, null over defaults, missing fields and keys
//                            src/collector/runtime/{evaluate,decode-body}.test.ts
//   diagnostics: snippets byte for byte, tabs, several lines, several errors
//                            src/collector/syntax/render-diagnostics.test.ts, and "a first load" below
//   load: a first load that fails, a reload that fails, unchanged arguments
//                            src/collector/runtime/collector.test.ts, and below
//   docker: terminals, frames, pieces of 16 KiB, over 1 MiB, empty lines, stop, start, remove, a restart
//   within a second, an http:// host, changed labels
//                            engine.test.ts, ../docker.test.ts (a real engine), src/collector/docker
//   relabel: every action and anchoring, $1_x, invalid targets, an empty result
//                            src/base/relabel.test.ts
//   process: each stage without its source, with a wrong type, after a reload; the order of stage.match
//                            stages.test.ts, src/collector/stages
//   write: 429 on and off, 5xx, 400, timeouts, batches by tenant, a line over the size, max_streams,
//   retries without end, the drain at the end
//                            src/collector/components/loki_write.test.ts, ../chaos.test.ts
//   http: every path with its body
//                            src/collector/runtime/{http,flow}.test.ts, and "the paths" below

const LOGBOOM = fileURLToPath(new URL('../../../bin/logboom', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-command-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

describe('a first load that fails', () => {
  test('ends with status 1, every error shown where it is, byte for byte', async () => {
    const lines = [
      'loki.write "a" {',
      '\tendpoint { }',
      '}',
      '',
      'loki.process "p" {',
      '\tforward_to = []',
      '\tstage.regex {',
      '\t\texpression = "("',
      '\t}',
      '}',
      'loki.echo "b" { x = 1 }',
      '',
    ]
    writeFileSync(join(folder, 'bad.alloy'), lines.join('\n'))
    const listen = `--server.http.listen-addr=127.0.0.1:${await freePort()}`
    const args = [LOGBOOM, 'collect', 'run', listen, '--storage.path=data', 'bad.alloy']
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const status = await new Promise((resolve) => child.once('close', resolve))
    expect(status).toBe(1)
    expect(out).toBe('')
    expect(errors).toBe(
      [
        'Error: bad.alloy:2:2: missing required attribute "url"',
        '',
        '1 | loki.write "a" {',
        '2 |     endpoint { }',
        '  |     ^^^^^^^^^^^^',
        '3 | }',
        '',
        'Error: bad.alloy:7:2: Failed to build component: decoding configuration: error parsing regexp: missing closing ): `(`',
        '',
        ' 6 |       forward_to = []',
        ' 7 |       stage.regex {',
        '   |  _____^^^^^^^^^^^^^',
        ' 8 | |         expression = "("',
        ' 9 | |     }',
        '   | |_____^',
        '10 |   }',
        '',
        'Error: bad.alloy:11:17: unrecognized attribute name "x"',
        '',
        '10 | }',
        '11 | loki.echo "b" { x = 1 }',
        '   |                 ^',
        'logboom: could not perform the initial load successfully',
        '',
      ].join('\n'),
    )
  }, 60_000)
})

describe('a collector that runs', () => {
  const config = (batchWait: string): string => `
loki.write "out" {
  endpoint {
    url = "http://127.0.0.1:9/loki/api/v1/push"
    batch_wait = ${batchWait}
  }
}
`
  let collector: CollectorProcess
  let url: string
  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    collector = makeCollectorProcess(folder, config('"1s"'), port)
    await collector.start()
  }, 60_000)
  afterAll(() => collector?.end('SIGTERM'))

  async function ask(path: string, method = 'GET'): Promise<string> {
    const response = await fetch(url + path, { method })
    return `${response.status} ${await response.text()}`
  }

  test('goes on as it was after a reload with errors, and takes the next one', async () => {
    const path = join(folder, 'config.alloy')
    writeFileSync(path, config('3'))
    const reason = '3 should be a duration, e.g. "10s", got number'
    expect(await ask('/-/reload', 'POST')).toBe(`400 ${path}:5:18: ${reason}\n`)
    expect(await ask('/-/ready')).toBe('200 Alloy is ready.\n')
    expect(await ask('/-/healthy')).toBe('200 All Alloy components are healthy.\n')
    const kept = await ask('/api/v0/web/components/loki.write.out')
    expect(kept).toContain('{"name":"batch_wait","type":"attr","value":{"type":"string","value":"1s"}}')
    writeFileSync(path, config('"2s"'))
    expect(await ask('/-/reload')).toBe('200 config reloaded\n')
    expect(await ask('/api/v0/web/components/loki.write.out')).toContain('"value":"2s"')
  }, 60_000)

  test.each([
    ['GET', '/-/ready', '200 Alloy is ready.\n'],
    ['HEAD', '/-/ready', '200 '],
    ['GET', '/-/healthy', '200 All Alloy components are healthy.\n'],
    ['POST', '/-/reload', '200 config reloaded\n'],
    ['DELETE', '/-/reload', '405 Method Not Allowed\n'],
    ['POST', '/-/ready', '405 Method Not Allowed\n'],
    ['GET', '/api/v0/web/components/loki.write.gone', '404 404 page not found\n'],
    ['GET', '/api/v0/web/modules/none/components', '200 []'],
    ['GET', '/api/v0/web/peers', '404 404 page not found\n'],
    [
      'GET',
      '/api/v0/web/debug/loki.write.out',
      '500 The live debugging service is disabled. Put livedebugging { enabled = true } into the configuration.\n',
    ],
    ['GET', '/api/v0/component/loki.write.out/', '404 404 page not found\n'],
    ['GET', '/-/support', '404 404 page not found\n'],
    ['GET', '/debug/pprof/', '404 404 page not found\n'],
  ])('the paths: %s %s', async (method, path, expected) => {
    expect(await ask(path, method)).toBe(expected)
  })

  test('the paths: metrics, with the hash of the configuration', async () => {
    const text = await ask('/metrics')
    expect(text).toMatch(/^200 # HELP alloy_build_info /)
    expect(text).toMatch(/\nalloy_config_hash\{sha256="[0-9a-f]{64}",cluster_name=""\} 1\n/)
    expect(text).toContain('\nalloy_component_controller_running_components{health_type="healthy"} 1\n')
  })
})
