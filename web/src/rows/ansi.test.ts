import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAnsi, stripAnsi } from './ansi.ts'

/** Spans as short texts: `red[1]text`. */
function show(text: string): string[] {
  return parseAnsi(text).map(({ text: part, style }) => {
    if (style === null) return part
    const on = (['bold', 'dim', 'italic', 'underline', 'inverse', 'strike'] as const).filter(
      (name) => style[name],
    )
    return `<${[style.fg, style.bg].map((c) => c ?? '').join('/')}${on.map((name) => ` ${name}`).join('')}>${part}`
  })
}

describe('parseAnsi', () => {
  test.each([
    ['plain', ['plain']],
    ['', []],
    ['\x1b[31mred\x1b[0m plain', ['<1/>red', ' plain']],
    ['\x1b[1;33;44mwarn\x1b[22mthin', ['<3/4 bold>warn', '<3/4>thin']],
    ['\x1b[91mbright\x1b[39mback', ['<9/>bright', '</>back']],
    ['\x1b[38;5;196mcube\x1b[m', ['<rgb(255 0 0)/>cube']],
    ['\x1b[38;5;250mgrey', ['<rgb(188 188 188)/>grey']],
    ['\x1b[38;2;1;2;300mtrue', ['<rgb(1 2 255)/>true']],
    ['\x1b[48:5:3mcolon', ['</3>colon']],
    ['\x1b[7minverse\x1b[27m', ['</ inverse>inverse']],
    ['a\x1b[2J\x1b[1;1Hb', ['a', 'b']],
    ['\x1b]0;title\x07text', ['text']],
    ['\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\', ['link']],
    ['cut \x1b]0;open', ['cut ']],
    ['\x1b[999mx', ['x']],
  ])('%j', (text, spans) => {
    expect(show(text)).toEqual(spans)
  })

  test('loses no visible text and leaves no sequence', () => {
    const piece = fc.constantFrom(
      '\x1b',
      '[',
      ']',
      '0',
      '31',
      ';',
      'm',
      'K',
      '\x07',
      '\\',
      'text',
      ' ',
      'é',
      '\x9b',
      '38;5;',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        expect(
          parseAnsi(text)
            .map((span) => span.text)
            .join(''),
        ).toBe(stripAnsi(text))
      }),
    )
  })
})
