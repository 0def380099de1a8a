import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { runCheck } from './check.ts'

const folder = mkdtempSync(join(tmpdir(), 'logboom-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const bad = file(
  'docker-compose.yml',
  'services:\n  loki:\n    image: grafana/loki:3.7.1\n    helthcheck: {}\n',
)
const good = file('good.alloy', 'logging {\n\tlevel = "info"\n}\n')

async function check(files: string[], format: 'text' | 'json'): Promise<{ ok: boolean; out: string }> {
  let out = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      out += String(chunk)
      done()
    },
  })
  return { ok: await runCheck(files, { format }, { stdout, stderr: stdout }), out }
}

test('errors fail the check, and each file has its summary', async () => {
  const { ok, out } = await check([bad, good], 'text')
  expect(ok).toBe(false)
  expect(out).toContain(`${bad}:4:5: error: \`services.loki.helthcheck\` is not a key of a compose file`)
  expect(out).toContain('Did you mean `healthcheck`?')
  expect(out).toMatch(/docker-compose\.yml: 1 error, 1 warning, 3 hints\n/)
  expect(out).toMatch(/good\.alloy: nothing to complain about\n$/)
})

test('without errors it passes', async () => {
  expect((await check([good], 'text')).ok).toBe(true)
})

test('JSON is one list of findings with their file', async () => {
  const findings = JSON.parse((await check([bad, good], 'json')).out) as Record<string, unknown>[]
  const error = findings.find(({ severity }) => severity === 'error')
  expect(error).toMatchObject({ file: bad, code: 'compose-unknown-key', line: 4, column: 5 })
})

test.each([
  [join(folder, 'absent.yaml'), /cannot read .*absent\.yaml: ENOENT/],
  [file('notes.txt', 'hello'), /looks like none of the files check knows/],
])('%s', async (path, message) => {
  await expect(check([path], 'text')).rejects.toThrow(message)
})
