import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJsonPush } from './decode-json.ts'
import type { DraftBatch } from './draft-batch.ts'
import { PushError } from './push-error.ts'

/** A draft as plain data: labels and rows of each stream. */
function plain(draft: DraftBatch): unknown {
  return draft.streams.map(({ labels, from, to }) => ({
    labels: labels.pairs(),
    rows: Array.from({ length: to - from }, (_, i) => {
      const row = from + i
      const line = draft.bytes.toString('utf8', draft.lineFrom[row], draft.lineTo[row])
      const [metaFrom, metaTo] = [draft.metaFrom[row], draft.metaTo[row]]
      const metadata = metaFrom === metaTo ? [] : draft.readMetadata(draft.bytes, metaFrom, metaTo)
      return [draft.tsMs[row], draft.tsNs[row], line, metadata]
    }),
  }))
}

const decode = (text: string): unknown => plain(decodeJsonPush(Buffer.from(text)))

describe('decodeJsonPush', () => {
  test('reads streams, lines with escapes and structured metadata', () => {
    const text = String.raw`{ "x": [1, {"y": "]"}], "streams": [ {"stream": {"b": "2", "a": "1"}, "values": [
      ["1795288009719983616", "tab\t \u00e9 \ud83d\ude80 \/ \" end", {"trace": "x\"y"}], ["1", ""], ["-5", "old"] ] } ] }`
    expect(decode(text)).toEqual([
      {
        labels: [
          ['a', '1'],
          ['b', '2'],
        ],
        rows: [
          [1795288009719, 983616, 'tab\t é 🚀 / " end', [['trace', 'x"y']]],
          [0, 1, '', []],
          [-1, 999995, 'old', []],
        ],
      },
    ])
  })

  test.each([['{"streams":[{"stream":{"n":5,"t":true,"z":null,"o":{"a":"b"}},"values":[]}]}']])(
    'label values of other kinds become their text',
    (text) => {
      expect(decode(text)).toEqual([
        {
          labels: [
            ['n', '5'],
            ['o', '{"a":"b"}'],
            ['t', 'true'],
            ['z', 'null'],
          ],
          rows: [],
        },
      ])
    },
  )

  test.each(['null', '{}', '{"streams":null}', '{"streams":[]}'])('%s has no stream', (text) => {
    expect(decode(text)).toEqual([])
  })

  const prefix = 'loghttp.PushRequest.Streams: []loghttp.LogProtoStream: '
  const values = (inner: string): string => `{"streams":[{"stream":{"a":"b"},"values":${inner}}]}`
  test.each([
    ['', 'EOF'],
    [' ', 'EOF'],
    ['[]', 'readObjectStart: expect { or n, but found ['],
    ['not json', 'skipThreeBytes: expect ull'],
    ['{', 'loghttp.PushRequest.readFieldHash: expect ", but found \0'],
    ['{"streams":{}}', `${prefix}decode slice: expect [ or n, but found {`],
    [
      '{"streams":[1]}',
      `${prefix}unmarshalerDecoder: Value looks like object, but can't find closing '}' symbol`,
    ],
    [values('[["1","unterminated]]'), `${prefix}readStringSlowPath: unexpected end of input`],
    [values('[["1","x"],]'), `${prefix}Skip: do not know how to skip: 93`],
    [values('["x"]'), `${prefix}unmarshalerDecoder: Malformed JSON error`],
    [values('[[1,"x"]]'), `${prefix}unmarshalerDecoder: Value looks like Number/Boolean/None`],
    [values('[["1.5","x"]]'), `${prefix}unmarshalerDecoder: Value looks like Number/Boolean/None`],
    [
      values('[["99999999999999999999","x"]]'),
      `${prefix}unmarshalerDecoder: Value looks like Number/Boolean/None`,
    ],
    [
      values('[["1",null]]'),
      `${prefix}unmarshalerDecoder: Value is string, but can't find closing '"' symbol`,
    ],
    [values('[["1","x",{"a":1}]]'), `${prefix}unmarshalerDecoder: Value is string`],
    [values('[["1","x",["a"]]]'), `${prefix}unmarshalerDecoder: Value looks like object`],
    [values('[["1","\\ud800"]]'), `${prefix}unmarshalerDecoder: Value looks like Number/Boolean/None`],
  ])('%s is refused', (text, message) => {
    expect(() => decode(text)).toThrow(message)
  })

  test('agrees with JSON.parse on whatever a client may send', () => {
    const unit = fc.string({ unit: 'grapheme' })
    const text = fc.oneof(unit, fc.constantFrom('\\', '"', '\u0000\u001f', '日本 🚀', '{"a":"b"}'))
    const entry = fc.tuple(
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      text,
      fc.option(fc.dictionary(text, text)),
    )
    const stream = fc.record({ name: fc.constantFrom('a', 'b_c'), value: text, entries: fc.array(entry) })
    fc.assert(
      fc.property(fc.array(stream), fc.constantFrom(undefined, 2), (streams, indent) => {
        const body = {
          streams: streams.map(({ name, value, entries }) => ({
            stream: { [name]: value },
            values: entries.map(([ns, line, metadata]) =>
              metadata === null ? [String(ns), line] : [String(ns), line, metadata],
            ),
          })),
        }
        const expected = streams.map(({ name, value, entries }) => ({
          labels: [[name, value]],
          rows: entries.map(([ns, line, metadata]) => {
            const within = ((ns % 1_000_000n) + 1_000_000n) % 1_000_000n
            return [Number((ns - within) / 1_000_000n), Number(within), line, Object.entries(metadata ?? {})]
          }),
        }))
        expect(decode(JSON.stringify(body, null, indent))).toEqual(expected)
      }),
    )
  })

  test('throws nothing but its own error, whatever the bytes', () => {
    const push =
      '{"streams":[{"stream":{"a":"b"},"values":[["1795288009719983616","l\\u00e9\\n",{"a":"b"}]]}]}'
    const damaged = fc
      .tuple(fc.nat(push.length - 1), fc.nat(push.length), fc.string())
      .map(([at, cut, insert]) => Buffer.from(push.slice(0, at) + insert + push.slice(at + (cut % 5))))
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      damaged,
    )
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          plain(decodeJsonPush(body))
        } catch (error) {
          expect(error).toBeInstanceOf(PushError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
