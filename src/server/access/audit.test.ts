import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { type Logger, silentLogger } from '#base/logger.ts'
import { makeAuditLog } from './audit.ts'

const request = {
  url: '/loki/api/v1/delete?query=%7Ba%3D%22b%22%7D',
  method: 'POST',
  headers: { 'x-scope-orgid': 'shop', authorization: 'Basic c2VjcmV0' },
  socket: { remoteAddress: '10.0.0.7' },
} as unknown as IncomingMessage

function recording(): { logger: Logger; lines: Record<string, unknown>[]; child: { level?: string } } {
  const lines: Record<string, unknown>[] = []
  const child = {
    ...silentLogger,
    level: 'error',
    info: (fields: Record<string, unknown>) => lines.push(fields),
  }
  return {
    lines,
    child,
    logger: { ...silentLogger, child: (fields) => Object.assign(child, { bound: fields }) },
  }
}

test('a line says who did what, and nothing that is secret; log_level does not silence it', () => {
  const { logger, lines, child } = recording()
  makeAuditLog(logger)(request, { client: 'operator', status: 204 })
  expect(child).toMatchObject({ level: 'info', bound: { audit: true } })
  expect(lines).toMatchObject([
    { client: 'operator', tenant: 'shop', from: '10.0.0.7', path: '/loki/api/v1/delete', status: 204 },
  ])
  expect(JSON.stringify(lines)).not.toContain('c2VjcmV0')
})

test('refusals are counted, not all written', () => {
  const { logger, lines } = recording()
  const audit = makeAuditLog(logger)
  for (let i = 0; i < 1000; i++) audit(request, { client: '', status: 401, reason: 'wrong credentials' })
  audit(request, { client: 'operator', status: 204 })
  expect(lines.map(({ status }) => status)).toEqual([401, 204])
})
