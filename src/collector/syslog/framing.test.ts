import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeSyslogFramer } from './framing.ts'

/** What a framer makes of bytes that come in pieces. */
function frame(bytes: Buffer, cuts: readonly number[] = [], maxBytes = 100): string[] {
  const framer = makeSyslogFramer(maxBytes)
  const messages: Buffer[] = []
  let from = 0
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    messages.push(...framer.push(bytes.subarray(from, to)))
    from = to
  }
  return [...messages, ...framer.finish()].map(String)
}

test('messages end with a newline where the connection begins with <', () => {
  expect(frame(Buffer.from('<1>a\n<2>b\r\n<3>c'))).toEqual(['<1>a', '<2>b\r', '<3>c'])
})

test('messages are counted where it begins with a digit', () => {
  expect(frame(Buffer.from('4 <1>a6 <2>b\nc5 <3>'))).toEqual(['<1>a', '<2>b\nc'])
})

test.each([
  [`<1>${'x'.repeat(200)}`, 'longer than max_message_length'],
  ['101 <1>', 'longer than max_message_length'],
  ['GET / HTTP/1.1\r\n', 'is not a number'],
  ['12345678901234 x', 'is not a number'],
])('%j is refused', (text, message) => {
  expect(() => frame(Buffer.from(text))).toThrow(message)
})

test('property: cuts change nothing, with either framing', () => {
  const message = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `<${text.replace(/\n/g, ' ')}`)
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (messages, cuts) => {
      const counted = messages.map((text) => `${Buffer.byteLength(text)} ${text}`).join('')
      expect(frame(Buffer.from(counted), cuts, 1000)).toEqual(messages)
      expect(frame(Buffer.from(`${messages.join('\n')}\n`), cuts, 1000)).toEqual(messages)
    }),
  )
})
