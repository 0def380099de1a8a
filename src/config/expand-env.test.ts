// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are what is tested
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandEnv } from './expand-env.ts'

const ENV = { A: 'Value', EMPTY: '', PATH_: '/a/b/c.txt' }

describe('expandEnv', () => {
  test.each([
    ['${A}', 'Value'],
    ['${NONE}', ''],
    ['${NONE:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${NONE=d}', 'd'],
    ['${NONE:=${A}!}', 'Value!'],
    ['${NONE:?must be set}', 'must be set'],
    ['${A:+x}', 'Value'],
    ['${A,,} ${A^^}', 'value VALUE'],
    ['${A:1:2}', 'al'],
    ['${#A}', '5'],
    ['${A/al/AL}', 'VALue'],
    ['${PATH_##*/} ${PATH_#*/} ${PATH_%.*}', 'c.txt a/b/c.txt /a/b/c'],
    ['$A stays, $$ is one, $${A} too', '$A stays, $ is one, ${A} too'],
    ['# ${A} in a comment', '# Value in a comment'],
  ])('%s', (text, expanded) => {
    expect(expandEnv(text, ENV)).toBe(expanded)
  })

  test.each([
    ['${A-d}', 'missing closing brace'],
    ['${A', 'missing closing brace'],
    ['${}', 'unable to parse variable name'],
    ['${1}', 'unable to parse variable name'],
  ])('%s is refused', (text, message) => {
    expect(() => expandEnv(text, ENV)).toThrow(message)
  })

  test('text without ${ or $$ stays as it is', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('${') && !text.includes('$$')),
        (text) => {
          expect(expandEnv(text, ENV)).toBe(text)
        },
      ),
    )
  })
})
