import { describe, expect, test } from 'vitest'
import { errorAt, warningAt } from './diagnostic.ts'
import { renderDiagnostics } from './render-diagnostics.ts'
import { makeSource } from './source.ts'

function spanOf(text: string, part: string) {
  const source = makeSource('config.alloy', text)
  const start = text.indexOf(part)
  return { source, start, end: start + part.length }
}

describe('snippets', () => {
  test('a span within a line', () => {
    const span = spanOf('loki.write "default" {\n    endpoint { }\n}\n', 'endpoint { }')
    expect(renderDiagnostics([errorAt(span, 'missing required attribute "url"')])).toBe(
      `Error: config.alloy:2:5: missing required attribute "url"

1 | loki.write "default" {
2 |     endpoint { }
  |     ^^^^^^^^^^^^
3 | }
`,
    )
  })

  test('a span over several lines', () => {
    const span = spanOf('loki.write "x" {\n    a = 1\n}', 'loki.write "x" {\n    a = 1\n}')
    expect(renderDiagnostics([errorAt(span, 'wrong')])).toBe(
      `Error: config.alloy:1:1: wrong

1 |   loki.write "x" {
  |  _^^^^^^^^^^^^^^^^
2 | |     a = 1
3 | | }
  | |_^
`,
    )
  })

  test('a span over several lines from the middle of one to the middle of another', () => {
    const part = 'rule {\n\t\ta = 1\n\t} //'
    const span = spanOf(`x {\n\tb = 1\n\t${part} end\n}\n`, part)
    expect(renderDiagnostics([errorAt(span, 'wrong')])).toBe(
      `Error: config.alloy:3:2: wrong

2 |       b = 1
3 |       rule {
  |  _____^^^^^^
4 | |         a = 1
5 | |     } // end
  | |_____^^^^
6 |   }
`,
    )
  })

  test('tabs are four spaces wide, the column counts bytes', () => {
    const span = spanOf('a {\n\tä = x\n}', 'x')
    expect(renderDiagnostics([warningAt(span, 'hm')])).toBe(
      `Warning: config.alloy:2:7: hm

1 | a {
2 |     ä = x
  |         ^
3 | }
`,
    )
  })

  test('line numbers of different width, several diagnostics, no position', () => {
    const text = `${'a\r\n'.repeat(9)}bad`
    const span = spanOf(text, 'bad')
    expect(renderDiagnostics([errorAt(span, 'one'), errorAt(undefined, 'cycle: a, b')])).toBe(
      `Error: config.alloy:10:1: one

 9 | a
10 | bad
   | ^^^

Error: -: cycle: a, b
`,
    )
  })

  test('colours the severity and the marks', () => {
    const span = spanOf('x', 'x')
    const text = renderDiagnostics([errorAt(span, 'm')], { color: true })
    expect(text).toBe('\x1b[1m\x1b[31mError: \x1b[0mconfig.alloy:1:1: m\n\n1 | x\n  | \x1b[31m^\x1b[0m\n')
  })
})
