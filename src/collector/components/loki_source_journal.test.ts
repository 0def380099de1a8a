import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { labelsText } from '#base/labels.ts'
import { compileRules } from '#base/relabel.ts'
import { cursorMs, journalLabels, parseJournalLine } from '../journal/journal-entry.ts'
import type { LogBatch } from '../pipeline.ts'
import { type RunningComponent, runComponent } from '../testing/run-component.ts'
import { lokiSourceJournal } from './loki_source_journal.ts'

// Stands in for the program: prints what follows the cursor, goes on with what is appended.
const PROGRAM = `#!/bin/sh
echo "$@" >> "$JOURNAL/asked"
for arg; do case $arg in --after-cursor=*) cursor=\${arg#--after-cursor=};; esac; done
case $cursor in bad*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;; esac
from=1
[ -n "$cursor" ] && from=$(( $(grep -n "\\"$cursor\\"" "$JOURNAL/entries" | cut -d: -f1) + 1 ))
exec tail -n +$from -f "$JOURNAL/entries"
`

let folder: string
let received: string[]
let isTaking: boolean
let component: RunningComponent<unknown> | undefined
const path = process.env.PATH
const nowUs = (): number => Date.now() * 1000

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-journal-'))
  writeFileSync(join(folder, 'journalctl'), PROGRAM)
  chmodSync(join(folder, 'journalctl'), 0o755)
  writeFileSync(join(folder, 'entries'), '')
  process.env.PATH = `${folder}:${path}`
  process.env.JOURNAL = folder
  received = []
  isTaking = true
})
afterEach(async () => {
  await component?.stop()
  process.env.PATH = path
  delete process.env.JOURNAL
  rmSync(folder, { recursive: true })
})

function write(cursor: string, fields: Record<string, unknown>, us = nowUs()): void {
  const entry = { __CURSOR: cursor, __REALTIME_TIMESTAMP: String(us), ...fields }
  appendFileSync(join(folder, 'entries'), `${JSON.stringify(entry)}\n`)
}

const asked = (): string[] => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n')
const rule = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 }
const soon = { timeout: 15_000, interval: 20 }

function start(args: Record<string, unknown> = {}): void {
  const receiver = {
    async push({ labels, entries, delivery }: LogBatch) {
      for (const { line } of entries) received.push(`${labelsText(labels)} ${line}`)
      if (isTaking) delivery.done()
    },
  }
  component = runComponent(
    lokiSourceJournal,
    { forward_to: [receiver], ...args },
    { dataDir: folder },
  ) as RunningComponent<unknown>
}

describe('loki.source.journal', () => {
  test('follows the journal, with labels made by rules', async () => {
    write('c1', { MESSAGE: 'one', PRIORITY: '4', _SYSTEMD_UNIT: 'ssh.service', _PID: '7' })
    const sources = { unit: '__journal__systemd_unit', level: '__journal_priority_keyword' }
    const rules = Object.entries(sources).map(([target_label, source]) => ({
      ...{ ...rule, source_labels: [source], target_label },
    }))
    start({ relabel_rules: compileRules(rules), matches: '_UID=0 _COMM=sshd', path: '/var/log/j' })
    const labels = 'job="loki.source.journal.test", level="warning", unit="ssh.service"'
    await vi.waitFor(() => expect(received).toEqual([`{${labels}} one`]), soon)
    write('c2', { MESSAGE: [0xc3, 0xa4], PRIORITY: '4', _SYSTEMD_UNIT: ['ssh.service', 'other'] })
    await vi.waitFor(() => expect(received.at(-1)).toBe(`{${labels}} ä`), soon)
    expect(asked()[0]).toMatch(
      /^--output=json --all --follow --no-tail --no-pager --quiet --directory=\/var\/log\/j --since=@\d+ _UID=0 _COMM=sshd$/,
    )
    expect(component?.health.state).toBe('healthy')
  })

  test('goes on after what was delivered, not after what was read', async () => {
    const late = `c2;t=${nowUs().toString(16)}`
    write(`c1;t=${nowUs().toString(16)}`, { MESSAGE: 'one' })
    start()
    await vi.waitFor(() => expect(received).toHaveLength(1), soon)
    isTaking = false
    write(late, { MESSAGE: 'two' })
    await vi.waitFor(() => expect(received).toHaveLength(2), soon)
    await component?.stop()
    isTaking = true
    start()
    await vi.waitFor(() => expect(received).toHaveLength(3), soon)
    expect(received.map((text) => text.split(' ').at(-1))).toEqual(['one', 'two', 'two'])
    expect(asked().at(-1)).toContain('--after-cursor=c1;t=')
  })

  test('goes on where Promtail stopped, unless it has a place of its own', async () => {
    const file = join(folder, 'promtail.yml')
    const legacy = `s=1;t=${nowUs().toString(16)}`
    writeFileSync(file, `positions:\n  /var/log/x: "12"\n  journal-system: "${legacy}"\n`)
    const args = { legacy_position: { file, name: 'system' } }
    const own = `c1;t=${nowUs().toString(16)}`
    write(own, { MESSAGE: 'one' })
    start(args)
    await vi.waitFor(() => expect(received).toHaveLength(1), soon)
    expect(asked()[0]).toContain(`--after-cursor=${legacy}`)
    await component?.stop()
    start(args)
    await vi.waitFor(() => expect(asked().at(-1)).toContain(`--after-cursor=${own}`), soon)
  })

  test('refuses to begin when it cannot read where Promtail stopped', () => {
    const file = join(folder, 'promtail.yml')
    writeFileSync(file, 'positions: [')
    expect(() => start({ legacy_position: { file, name: 'system' } })).toThrow(`cannot read ${file}`)
  })

  test('begins anew at max_age when the place is older', async () => {
    write('c1;t=1000', { MESSAGE: 'old' })
    start({ max_age: 60_000 })
    await vi.waitFor(() => expect(received).toHaveLength(1), soon)
    await component?.stop()
    start({ max_age: 60_000 })
    await vi.waitFor(() => expect(received).toHaveLength(2), soon)
    const since = Number(/--since=@(\d+)/.exec(asked().at(-1) ?? '')?.[1])
    expect(Date.now() / 1000 - since).toBeLessThan(120)
  })

  test('finds its place by time when the journal does not know the cursor', async () => {
    const us = nowUs()
    write(`bad;t=${us.toString(16)}`, { MESSAGE: 'x' })
    start()
    await vi.waitFor(() => expect(received).toHaveLength(1), soon)
    await component?.stop()
    start()
    await vi.waitFor(() => expect(asked().at(-1)).toContain(`--since=@${Math.floor(us / 1e6)}`), soon)
    expect(asked().at(-2)).toContain('--after-cursor=bad')
  })

  test('whole entries as JSON; entries without a message or labels are counted', async () => {
    write('c1', { MESSAGE: 'm', _PID: '1', __SEQNUM: '5' })
    start({ format_as_json: true, labels: { job: 'j' } })
    await vi.waitFor(() => expect(received).toEqual(['{job="j"} {"MESSAGE":"m","_PID":"1"}']), soon)
    await component?.stop()
    write('c2', { _PID: '1' })
    appendFileSync(join(folder, 'entries'), 'no json\n')
    start({ max_age: 1 })
    const errors = async (): Promise<string> => (await component?.metrics.metrics()) ?? ''
    await vi.waitFor(async () => {
      expect(await errors()).toContain('target_parsing_errors_total{error="no_message"} 1')
      expect(await errors()).toContain('target_parsing_errors_total{error="unreadable"} 1')
    }, soon)
  })

  test('says that the program is missing', async () => {
    process.env.PATH = '/nonexistent'
    start()
    await vi.waitFor(() => expect(component?.health.state).toBe('unhealthy'), soon)
    expect(component?.health.message).toContain('journalctl')
  })
})

describe('the journal export', () => {
  test.each([
    ['', undefined],
    ['s=ab;i=1;t=62b0c3a8f0000;x=1', Math.floor(0x62b0c3a8f0000 / 1000)],
    ['t=zz', undefined],
  ])('the time of cursor %j is %j', (cursor, ms) => {
    expect(cursorMs(cursor)).toBe(ms)
  })

  test('microseconds become milliseconds and nanoseconds', () => {
    const line = JSON.stringify({ __CURSOR: 'c', __REALTIME_TIMESTAMP: '1700000000123456', A: null })
    expect(parseJournalLine(line)).toEqual({
      cursor: 'c',
      tsMs: 1_700_000_000_123,
      tsNs: 456_000,
      fields: {},
    })
  })

  test('property: any line is an entry or an error, and its labels have names', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        try {
          for (const name of Object.keys(journalLabels(parseJournalLine(line).fields))) {
            if (!/^[a-z_][a-z0-9_]*$/.test(name)) return false
          }
        } catch (error) {
          return error instanceof Error
        }
        return true
      }),
    )
  })
})
