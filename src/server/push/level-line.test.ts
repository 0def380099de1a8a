import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lokiDefaults } from '#config/load.ts'
import { compileLineLevel } from './level-line.ts'
import { LEVELS, levelInText } from './level-words.ts'
import { makeMetadataSet, normalizeName } from './metadata.ts'

const FIELDS = lokiDefaults().limits_config.log_level_fields
const lineLevel = compileLineLevel(FIELDS, 2)

function levelOf(line: string, level = lineLevel): string {
  // Neighbours must not matter: the line stands within other bytes.
  const bytes = Buffer.from(`error ${line} error`)
  return LEVELS[level(bytes, 6, bytes.length - 6)]
}

describe('the level of a line', () => {
  test.each([
    ['plain error: x', 'error'],
    ['an error, warn', 'error'],
    ['level=NOTICE error', 'error'],
    ['misc:error', 'unknown'],
    ['error.', 'unknown'],
    ['error;', 'unknown'],
    ['<error>', 'unknown'],
    ['Errors', 'unknown'],
    ['trc hello', 'unknown'],
    ['[WARNING] x', 'warn'],
    ['"fatal"', 'fatal'],
    ['x|critical|y', 'critical'],
    ['', 'unknown'],
    ['   ', 'unknown'],
    ['er', 'unknown'],
    ['err', 'error'],
    ['{"level":"warn","msg":"error"}', 'warn'],
    ['{"msg":"error","level":"DBG"}', 'debug'],
    ['{"level":30,"msg":"all fine"}', 'unknown'],
    ['{"level":30,"msg":"an error"}', 'error'],
    ['{"level":"nonsense","msg":"error"}', 'error'],
    ['{"log":{"level":"error"}}', 'error'],
    ['{"a":{"b":{"level":"error"}},"msg":"x"}', 'error'],
    ['{"a":{"b":{"level":"trc"}}}', 'unknown'],
    ['{"a":[{"level":"error"}],"severity":"info"}', 'info'],
    ['{"a":"\\"level\\":\\"error","lvl":"trace"}', 'trace'],
    [' { "level" : "warn" } ', 'warn'],
    ['{"level":"warn"', 'warn'],
    ['level=info msg="error"', 'info'],
    ['msg="error" LEVEL=debug', 'debug'],
    ['severity=error level=warn', 'warn'],
    ['msg="a level=fatal b" lvl=err', 'error'],
    ['a level=fatal', 'fatal'],
    ['xlevel=fatal', 'fatal'],
  ])('%j: %s', (line, level) => {
    expect(levelOf(line)).toBe(level)
  })

  test('depth and fields can be set', () => {
    expect(levelOf('{"a":{"b":{"level":"warn"}}}', compileLineLevel(FIELDS, 0))).toBe('warn')
    expect(levelOf('{"l":"warn","level":"error"}', compileLineLevel(['l'], 2))).toBe('warn')
    expect(levelOf('{"level":"trc","mood":"dbg"}', compileLineLevel(['mood'], 2))).toBe('debug')
  })

  test('the quick scan finds the words that a search at every byte finds', () => {
    const words = 'trace|debug|fatal|critical|error|err|warning|warn|info'
    const slow = new RegExp(String.raw`(?<=^|[ \t\n[({"'=|])(${words})(?=$|[ \t\n[\](){}:,!"'=|])`, 'i')
    const piece = fc.constantFrom(
      'error',
      'err',
      'warn',
      'Warning',
      'INFO',
      'e',
      'r',
      ' ',
      '"',
      '=',
      ':',
      'x',
      '(',
      'trace',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        const bytes = Buffer.from(text)
        const found = slow.exec(text)?.[1].toLowerCase()
        const level = found === undefined ? 'unknown' : ({ err: 'error', warning: 'warn' }[found] ?? found)
        expect(LEVELS[levelInText(bytes, 0, bytes.length)]).toBe(level)
      }),
      { numRuns: 1000 },
    )
  })

  test('any bytes have a level', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(LEVELS[lineLevel(bytes, 0, bytes.length)]).toBeDefined()
      }),
    )
  })
})

describe('structured metadata', () => {
  test.each([
    ['user.id', 'user_id'],
    ['a..b--c', 'a_b_c'],
    ['a__b', 'a_b'],
    ['ünï', '_n_'],
    ['__x__', '__x__'],
    ['9lives', 'key_9lives'],
    ['plain', 'plain'],
    ['', undefined],
    ['___', undefined],
  ])('the name %j becomes %j', (name, normal) => {
    expect(normalizeName(name)).toBe(normal)
  })

  test.each<[[string, string][], string | undefined]>([
    [[['level', 'WARNING']], 'warn'],
    [[['level', 'NOTICE']], 'NOTICE'],
    [
      [
        ['detected_level', 'err'],
        ['level', 'info'],
      ],
      'error',
    ],
    [[['severity_number', '17']], 'error'],
    [[['severity_number', '0']], 'unknown'],
    [[['severity_number', 'x']], 'info'],
    [[['other', 'error']], undefined],
  ])('%j states %j', (pairs, level) => {
    expect(makeMetadataSet(pairs, FIELDS).level?.text).toBe(level)
  })

  test('detected_level does not count, empty values are left out', () => {
    const set = makeMetadataSet(
      [
        ['detected_level', 'info'],
        ['a', ''],
        ['b.c', 'xy'],
      ],
      FIELDS,
    )
    expect(set).toMatchObject({ count: 2, sizeBytes: 6, labels: [['b_c', 'xy']] })
  })
})
