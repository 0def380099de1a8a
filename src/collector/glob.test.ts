import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileGlob, findFiles } from './glob.ts'

describe('patterns', () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ['/a/*.log', ['/a/b.log', '/a/.log'], ['/a/b/c.log', '/a/b.logx', '/b.log']],
    ['/a/**/*.log', ['/a/b.log', '/a/b/c.log', '/a/b/c/d.log'], ['/b/a.log']],
    ['/a/**', ['/a/b', '/a/b/c'], ['/b']],
    ['/a/?.log', ['/a/b.log', '/a/ä.log'], ['/a/bb.log', '/a/.log']],
    ['/a/[a-c].log', ['/a/b.log'], ['/a/d.log']],
    ['/a/[^a-c].log', ['/a/d.log'], ['/a/b.log', '/a//.log']],
    ['/a/{x,y*}.{log,txt}', ['/a/x.log', '/a/yes.txt'], ['/a/z.log']],
    ['/a/\\*.log', ['/a/*.log'], ['/a/b.log']],
    ['/a+b(c).log', ['/a+b(c).log'], ['/aab(c).log']],
    ['/a/b**.log', ['/a/bcd.log'], ['/a/b/c.log']],
  ])('%s', (pattern, yes, no) => {
    const matches = compileGlob(pattern)
    expect(yes.filter(matches)).toEqual(yes)
    expect(no.filter(matches)).toEqual([])
  })

  test.each(['[', '/a/[b', '{a', '\\', '[z-a]'])('%s is wrong', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow('syntax error in pattern')
  })

  test('arbitrary text is a pattern or a syntax error; escaped, it matches itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          compileGlob(text)
        } catch (thrown) {
          expect((thrown as Error).message).toBe('syntax error in pattern')
        }
        const escaped = text.replace(/[*?[\]{}\\,^!]/g, '\\$&')
        expect(compileGlob(escaped)(text)).toBe(true)
      }),
    )
  })
})

describe('files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logboom-glob-'))
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    for (const name of ['x.log', 'a/y.log', 'a/b/z.log', 'a/b/z.txt']) writeFileSync(join(folder, name), '')
    symlinkSync(folder, join(folder, 'a/loop.log'))
    symlinkSync(join(folder, 'x.log'), join(folder, 'link.log'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test.each([
    ['*.log', ['link.log', 'x.log']],
    ['**/*.log', ['a/b/z.log', 'a/y.log', 'link.log', 'x.log']],
    ['*/*.log', ['a/y.log']],
    ['a/{b,c}/*', ['a/b/z.log', 'a/b/z.txt']],
    ['x.log', ['x.log']],
    ['a', []],
    ['gone/*', []],
  ])('%s', async (pattern, expected) => {
    expect(await findFiles(join(folder, pattern))).toEqual(expected.map((name) => join(folder, name)))
  })
})
