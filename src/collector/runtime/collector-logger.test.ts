import { expect, test } from 'vitest'
import type { LogBatch } from '../pipeline.ts'
import { makeCollectorLogger } from './collector-logger.ts'
import { logfmtLine } from './log-line.ts'

test('lines wait for the logging block, and then follow its level', () => {
  const lines: string[] = []
  const { logger, configure } = makeCollectorLogger(undefined, (text) => lines.push(text))
  logger.child({ a: 1 }).debug({}, 'early')
  logger.info({}, 'early info')
  expect(lines).toEqual([])
  configure({ level: 'debug', format: 'logfmt', write_to: [] })
  configure({ level: 'warn', format: 'logfmt', write_to: [] })
  logger.info({}, 'hidden')
  logger.warn({ b: 'x y' }, 'late')
  expect(lines.map((line) => line.replace(/^ts=\S+ /, ''))).toEqual([
    'level=debug msg=early a=1\n',
    'level=info msg="early info"\n',
    'level=warn msg=late b="x y"\n',
  ])
})

test('write_to gets the lines as a stream, and is never waited for', async () => {
  const batches: LogBatch[] = []
  let release = (): void => undefined
  const receiver = {
    push: (batch: LogBatch) => {
      batches.push(batch)
      return new Promise<void>((resolve) => {
        release = resolve
      })
    },
  }
  const { logger, configure } = makeCollectorLogger(undefined, () => undefined)
  configure({ level: 'info', format: 'logfmt', write_to: [receiver] })
  logger.info({}, 'one')
  logger.info({}, 'dropped: the receiver is busy')
  release()
  await new Promise((resolve) => setImmediate(resolve))
  logger.info({}, 'two')
  expect(batches.map((batch) => batch.labels)).toEqual([[['component', 'alloy']], [['component', 'alloy']]])
  expect(batches.map((batch) => String(batch.entries[0].line).replace(/^ts=\S+ /, ''))).toEqual([
    'level=info msg=one',
    'level=info msg=two',
  ])
})

test('lines are JSON where the logging block says so', () => {
  const lines: string[] = []
  const { logger, configure } = makeCollectorLogger(undefined, (text) => lines.push(text))
  configure({ level: 'info', format: 'json', write_to: [] })
  logger.error({ error: new Error('broken'), attempts: 2 }, 'a "b"')
  const { ts, ...rest } = JSON.parse(lines[0])
  expect(ts).toMatch(/^\d{4}-.*Z$/)
  expect(rest).toEqual({ level: 'error', msg: 'a "b"', error: 'broken', attempts: 2 })
})

test('logfmt values', () => {
  const fields = { error: new Error('a "b"'), list: [1], none: undefined, empty: '', 'k=y': 'ä' }
  expect(logfmtLine('info', 'm', fields).replace(/^ts=\S+ /, '')).toBe(
    'level=info msg=m error="a \\"b\\"" list=[1] none=null empty="" k_y=ä',
  )
})
