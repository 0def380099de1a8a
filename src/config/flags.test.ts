import { describe, expect, test } from 'vitest'
import { LOKI_FLAGS, parseLokiFlags } from './flags.ts'

describe('parseLokiFlags', () => {
  test.each([
    [['-config.file=a.yaml'], { 'config.file': 'a.yaml' }],
    [['--config.file', 'a.yaml'], { 'config.file': 'a.yaml' }],
    [['-verify-config', '-target=all'], { 'verify-config': 'true', target: 'all' }],
    [['-auth.enabled=false'], { 'auth.enabled': 'false' }],
    [['-server.http-listen-address', ''], { 'server.http-listen-address': '' }],
  ])('%j', (args, values) => {
    expect(Object.fromEntries(parseLokiFlags(args).values)).toEqual(values)
  })

  test('ends at the first argument that is none', () => {
    expect(parseLokiFlags(['-version', 'x', '-nope']).rest).toEqual(['x', '-nope'])
    expect(parseLokiFlags(['--', '-nope']).rest).toEqual(['-nope'])
  })

  test.each([
    [['-nope'], 'flag provided but not defined: -nope\nRun with -help to get list of available parameters'],
    [['-config.fil=x'], 'Did you mean -config.file?'],
    [['-config.file'], 'flag needs an argument: -config.file'],
    [['-server.http-listen-port=x'], 'invalid value "x" for flag -server.http-listen-port: parse error'],
    [['-store.retention=1.5h'], 'invalid value "1.5h" for flag -store.retention: unknown unit "."'],
  ])('%j is refused in Go’s words', (args, message) => {
    expect(() => parseLokiFlags(args)).toThrow(message)
  })

  test('every flag of a key knows its path', () => {
    expect(LOKI_FLAGS.get('compactor.retention-enabled')?.path).toEqual(['compactor', 'retention_enabled'])
    expect(LOKI_FLAGS.size).toBeGreaterThan(200)
  })
})
