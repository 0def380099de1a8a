import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '../testing/any-text.ts'
import { segmentText } from './segments.ts'

const show = (text: string, needles: string[] = []) =>
  segmentText(text, needles).map((segment) => `${segment.kind}:${segment.text}`)

describe('segmentText', () => {
  test.each([
    ['plain', ['text:plain']],
    ['see https://a.test/x?y=1.', ['text:see ', 'link:https://a.test/x?y=1', 'text:.']],
    ['(http://a.test)', ['text:(', 'link:http://a.test', 'text:)']],
    ['javascript:alert(1) ftp://x', ['text:javascript:alert(1) ftp://x']],
    ['a\x00b\x07', ['text:a', 'control:NUL', 'text:b', 'control:BEL']],
    ['x\u202egnp.exe', ['text:x', 'control:RLO', 'text:gnp.exe']],
    ['tab\tstays\nand lines', ['text:tab\tstays\nand lines']],
    ['https://a.test/\u202eevil', ['link:https://a.test/', 'control:RLO', 'text:evil']],
  ])('%j', (text, expected) => {
    expect(show(text)).toEqual(expected)
  })

  test('marks words, also special ones', () => {
    expect(show('a.b axb', ['a.b'])).toEqual(['mark:a.b', 'text: axb'])
  })

  test('nothing is lost, and no text holds a character that could reorder the page', () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.string()), (text, needles) => {
        const segments = segmentText(text, needles)
        for (const { kind, text: shown } of segments) {
          if (kind === 'text' || kind === 'link')
            expect(shown).not.toMatch(/[\u202a-\u202e\u2066-\u2069\0\x1b]/)
        }
        const plain = segments.filter(({ kind }) => kind !== 'control').map(({ text: shown }) => shown)
        const kept = plain.join('').length
        expect(kept + segments.filter(({ kind }) => kind === 'control').length).toBe(text.length)
      }),
    )
  })
})
