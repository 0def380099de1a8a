import fc from 'fast-check'

// Generators of log lines for tests: what real loggers write, and what breaks parsers.

const digits = (n: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{${n}}$`))
const hex = (n: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${n}}$`))
const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'))
const word = fc.constantFrom(
  'info',
  'order',
  'GET',
  '/api/cart',
  'x',
  'E12',
  'ü',
  '-',
  'a=b',
  'say "hi"',
  '\\',
  '',
)
const iso = fc
  .tuple(fc.integer({ min: -2e12, max: 4e12 }), fc.constantFrom('', 'Z', '+00:00', ' UTC'), fc.boolean())
  .map(([ms, zone, space]) => {
    const text = new Date(ms).toISOString().replace('Z', '')
    return (space ? text.replace('T', ' ') : text) + zone
  })
const brokenTime = fc.constantFrom(
  '2026-02-30T10:00:00Z',
  '2026-13-01T10:00:00Z',
  '2026-11-21T24:00:00Z',
  '2026-11-21T23:60:00Z',
  '0000-00-00T00:00:00',
  '2026-11-21T10:00:00.1234567891Z',
  '2026-11-21T10:00:00.',
  '1969-12-31T23:59:59.999Z',
  '31/Feb/2026:10:00:00 +0000',
  '21/nov/2026:10:00:00 +0000',
)
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true }).map(String),
  fc.integer({ min: 0, max: 99999 }).map((n) => (n / 100).toFixed(2)),
  fc.constantFrom(
    '-0',
    '0',
    '-0.0',
    '00',
    '01',
    '1.',
    '.5',
    '1e3',
    '9007199254740993',
    '999999999999999',
    '0.10',
  ),
  digits(20),
)
const ip = fc.ipV4()
const scalar = fc.oneof(word, uuid, iso, brokenTime, number, ip, fc.string({ maxLength: 8 }))

const jsonValue = fc.jsonValue({ maxDepth: 3 })
const jsonLine = fc.oneof(
  fc
    .dictionary(fc.constantFrom('level', 'msg', 'a.b', 'a_b', 'time', 'é', ''), jsonValue)
    .map((o) => JSON.stringify(o)),
  fc
    .record({
      level: fc.constantFrom(30, 40),
      time: fc.integer({ min: 1.7e12, max: 1.8e12 }),
      id: uuid,
      p: scalar,
    })
    .map((o) => JSON.stringify(o)),
  fc.record({ event: word, ts: iso, ms: number, nested: jsonValue }).map((o) => JSON.stringify(o, null, 1)),
  fc.tuple(scalar, number).map(([a, b]) => `{"a":${JSON.stringify(a)},"a":${b},"b":[1,"]",{"c":2}],"d":{}}`),
  fc.tuple(scalar, number).map(([a, b]) => `{ "a" :\t"${a}" , "n": ${b}, "o":{"x":null,"y":true} } `),
)
const broken = fc
  .tuple(jsonLine, fc.nat(80), fc.constantFrom('', '"', '\\', '}', ',', '{{', 'tail 12'))
  .map(([line, at, extra]) => line.slice(0, at) + extra)
const logfmtLine = fc
  .array(fc.tuple(fc.constantFrom('level', 'ts', 'msg', 'k9', 'dur', '"', 'é'), scalar, fc.boolean()), {
    maxLength: 8,
  })
  .map((pairs) =>
    pairs.map(([key, value, quoted]) => `${key}=${quoted ? JSON.stringify(value) : value}`).join(' '),
  )
const nginxLine = fc
  .tuple(ip, digits(2), scalar, number, fc.string({ maxLength: 6 }))
  .map(([a, s, p, n, u]) => `${a} - - [21/Nov/2026:20:11:${s} +0000] "GET ${p} HTTP/1.1" 200 ${n} "-" "${u}"`)
const postgresLine = fc
  .tuple(iso, digits(3), number, word)
  .map(([t, pid, n, w]) => `${t} [${pid}] LOG:  duration: ${n} ms  execute ${w}: SELECT 1 WHERE id = $1`)
const javaLine = fc
  .tuple(iso, word, digits(6), number)
  .map(
    ([t, w, id, n]) =>
      `${t.replace('.', ',')} INFO  [exec-${id}] c.s.Order - Processed ${w} ${id} in ${n}ms\n\tat x`,
  )

const asText: fc.Arbitrary<string> = fc.oneof(
  jsonLine,
  broken,
  logfmtLine,
  nginxLine,
  postgresLine,
  javaLine,
  scalar,
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** One line of any kind, as bytes. */
export const anyLine: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 9, arbitrary: asText.map((text) => new Uint8Array(Buffer.from(text))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
)

/** Lines as a stream has them: a few kinds, each many times. */
export const streamOfLines: fc.Arbitrary<Uint8Array[]> = fc
  .constantFrom(jsonLine, logfmtLine, nginxLine, postgresLine, javaLine, scalar, number, iso, ip, uuid)
  .chain((kind) => fc.array(kind, { minLength: 80, maxLength: 160 }))
  .map((lines) => lines.map((line) => new Uint8Array(Buffer.from(line))))
