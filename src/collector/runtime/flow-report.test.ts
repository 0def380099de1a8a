import { expect, test } from 'vitest'
import { Counter, Registry } from '#base/metrics.ts'
import { makeFlow } from './flow.ts'
import { reportFlow } from './flow-report.ts'

/** The report of a component that has these counters. */
async function reportOf(role: 'source' | 'transform', counts: Readonly<Record<string, number>>) {
  const metrics = new Registry()
  for (const [name, value] of Object.entries(counts)) {
    new Counter({ name, help: name, registers: [metrics] }).inc(value)
  }
  const report = await reportFlow(new Map([['c', { definition: { role }, metrics }]]), makeFlow())
  return report.components[0]
}

test.each([
  ['a file', { loki_source_file_read_lines_total: 3, loki_source_file_read_bytes_total: 40 }, [3, 40]],
  ['pushes', { loki_source_api_entries_total: 2, loki_source_api_bytes_total: 30 }, [2, 30]],
  ['containers', { loki_source_docker_target_entries_total: 5 }, [5, undefined]],
  ['syslog', { loki_source_syslog_entries_total: 7 }, [7, undefined]],
  ['the journal', { loki_source_journal_target_lines_total: 9 }, [9, undefined]],
])('a source of %s says what it has read', async (_, counts, [entries, bytes]) => {
  expect((await reportOf('source', counts)).read).toEqual({ entries, bytes })
})

test('what is no source reads nothing', async () => {
  expect((await reportOf('transform', {})).read).toBeUndefined()
})

test('what a source leaves out is dropped, with the reason', async () => {
  const counts = {
    loki_source_docker_target_too_long_lines_total: 2,
    loki_source_docker_target_parsing_errors_total: 1,
    loki_source_syslog_empty_messages_total: 0,
  }
  expect((await reportOf('source', counts)).dropped).toEqual([
    { reason: 'longer than 1 MiB', entries: 2 },
    { reason: 'without a time', entries: 1 },
  ])
})

test('what rules drop is the difference of what went in and out', async () => {
  const counts = { loki_relabel_entries_processed: 10, loki_relabel_entries_written: 4 }
  expect((await reportOf('transform', counts)).dropped).toEqual([{ reason: 'by its rules', entries: 6 }])
})
