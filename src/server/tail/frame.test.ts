import { expect, test } from 'vitest'
import { makeFrameWriter, writeLegacyFrame } from './frame.ts'
import type { TailEntry } from './tail-queue.ts'

const entry: TailEntry = {
  tsMs: 1_795_288_010_719,
  tsNs: 983_616,
  line: '<line>',
  labels: [
    ['detected_level', 'error'],
    ['job', 'x'],
    ['status', '500'],
  ],
  streamLabels: [['job', 'x']],
  metadata: [['detected_level', 'error']],
  parsed: [['status', '500']],
}

test('frames carry all labels in the stream', () => {
  expect(JSON.parse(makeFrameWriter([])([entry, { ...entry, line: 'b' }], []))).toEqual({
    streams: [
      {
        stream: { detected_level: 'error', job: 'x', status: '500' },
        values: [
          ['1795288010719983616', '<line>'],
          ['1795288010719983616', 'b'],
        ],
      },
    ],
  })
})

test('or apart, for who asks for categorize-labels', () => {
  expect(JSON.parse(makeFrameWriter(['categorize-labels'])([entry], [entry]))).toEqual({
    streams: [
      {
        stream: { job: 'x' },
        values: [
          [
            '1795288010719983616',
            '<line>',
            { structuredMetadata: { detected_level: 'error' }, parsed: { status: '500' } },
          ],
        ],
      },
    ],
    dropped_entries: [
      {
        timestamp: '1795288010719983616',
        labels: { detected_level: 'error', job: 'x', status: '500' },
      },
    ],
    encodingFlags: ['categorize-labels'],
  })
})

test('other labels begin another stream', () => {
  const frame = makeFrameWriter([])([entry, { ...entry, labels: [['job', 'y']] }, entry], [])
  expect((JSON.parse(frame) as { streams: unknown[] }).streams).toHaveLength(3)
})

test('the older path writes labels as text and times as RFC 3339', () => {
  const text = writeLegacyFrame([{ ...entry, labels: [['job', 'x']] }], [])
  expect(text).toBe(
    '{"streams":[{"labels":"{job=\\"x\\"}","entries":[{"ts":"2026-11-21T19:06:50.719983616Z",' +
      '"line":"\\u003cline\\u003e"}]}],"dropped_entries":null}\n',
  )
})
