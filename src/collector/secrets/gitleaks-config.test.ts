import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { loadGitleaksConfig } from './gitleaks-config.ts'
import { makeSecretFinder, redact } from './redact.ts'

const dir = mkdtempSync(join(tmpdir(), 'logboom-gitleaks-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Writes a file, with `DIR` for the folder it is in. */
function file(name: string, text: string): string {
  writeFileSync(join(dir, name), text.replaceAll('DIR', dir))
  return join(dir, name)
}

/** The lines with what the file's rules find in `<rule>`. */
function redacted(text: string, ...lines: string[]): string[] {
  const { rules, allowlists } = loadGitleaksConfig(file('main.toml', text))
  const find = makeSecretFinder(rules, allowlists)
  const options = { redactWith: '<$SECRET_NAME>', redactPercent: 0 }
  return lines.map((line) => redact(line, find(line), options))
}

const PIN = `[[rules]]\nid = "pin"\nregex = '''pin=(\\d{4})'''\n`
const token = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`

describe('a Gitleaks configuration', () => {
  test.each<[what: string, toml: string, line: string, expected: string]>([
    ['only its own rules', PIN, `pin=1234 ${token}`, `pin=<pin> ${token}`],
    ['every match', PIN, 'pin=1 pin=1234 pin=5678', 'pin=1 pin=<pin> pin=<pin>'],
    [
      'its own and the default rules',
      `[extend]\nuseDefault = true\n${PIN}`,
      `pin=1234 ${token}`,
      'pin=<pin> <github-token>',
    ],
    [
      'default rules that are off',
      `[extend]\nuseDefault = true\ndisabledRules = ["github-token"]`,
      `${token} glsa_${'a1B2'.repeat(8)}_0a1b2c3d`,
      `${token} <grafana-service-account-token>`,
    ],
    [
      'a default rule with an allow list of its own',
      `[extend]\nuseDefault = true\n[[rules]]\nid = "github-token"\n[[rules.allowlists]]\nregexTarget = "line"\nregexes = ["demo"]`,
      `${token}`,
      '<github-token>',
    ],
    [
      'a default rule with a pattern of its own, without the words of the default',
      `[extend]\nuseDefault = true\n[[rules]]\nid = "github-token"\nregex = "(?i)mygit-[a-z]+"`,
      `${token} MYGIT-abc`,
      `${token} <github-token>`,
    ],
    ['the whole match', `[[rules]]\nid = "a"\nregex = 'x\\d+'`, 'x12 y', '<a> y'],
    ['the first group that is not empty', `[[rules]]\nid = "a"\nregex = 'a(\\d*)(z+)'`, 'azz', 'a<a>'],
    ['the group', `[[rules]]\nid = "a"\nregex = '(k)=(v)'\nsecretGroup = 2`, 'k=v', 'k=<a>'],
    ['keys in any case', `[[Rules]]\nID = "a"\nRegex = '(k)=(v)'\nsecretgroup = 2`, 'k=v', 'k=<a>'],
    ['words in any case', `${PIN}keywords = ["CODE"]`, 'Code pin=1234', 'Code pin=<pin>'],
    ['no line without a word', `${PIN}keywords = ["code"]`, 'pin=1234', 'pin=1234'],
    ['words that are not ASCII', `${PIN}keywords = ["größe"]`, 'pin=1234', 'pin=<pin>'],
    ['too little entropy', `${PIN}entropy = 1.5`, 'pin=1111 pin=1234', 'pin=1111 pin=<pin>'],
    ['rules that need a path', `${PIN}path = '\\.env$'`, 'pin=1234', 'pin=1234'],
    ['a path that an empty one matches', `${PIN}path = '.*'`, 'pin=1234', 'pin=<pin>'],
    ['rules that are for others', `${PIN}skipReport = true`, 'pin=1234', 'pin=1234'],
    ['the last of two', `${PIN}[[rules]]\nid = "pin"\nregex = 'no=\\d'`, 'pin=1234 no=1', 'pin=1234 <pin>'],
    [
      'RE2 where V8 knows no such pattern',
      `[[rules]]\nid = "a"\nregex = '''\\b((?:sc|ext)_(?i)[a-z0-9]{5,30}\\.(?-i:acc)[_-][a-z]{3,})(?:[\\x60'"\\s;]|$)'''`,
      'is sc_Ab123.acc-XyZ; sc_Ab123.ACC-XyZ',
      'is <a>; sc_Ab123.ACC-XyZ',
    ],
  ])('%s', (_, toml, line, expected) => expect(redacted(toml, line)).toEqual([expected]))

  test.each<[list: string, allowed: string[]]>([
    [`regexes = ['^12']`, ['1234']],
    [`regexes = ['^12', '^56']`, ['1234', '5678']],
    [`regexes = ['^pin=12']`, []],
    [`regexTarget = "secret"\nregexes = ['12']`, ['1234']],
    [`regexTarget = "match"\nregexes = ['^pin=12']`, ['1234']],
    [`regexTarget = "line"\nregexes = ['demo$']`, ['5678']],
    [`stopwords = ["34"]`, ['1234']],
    [`stopwords = ["99"]\nregexes = ['^56']`, ['5678']],
    [`condition = "AND"\nstopwords = ["12"]\nregexes = ['^56']`, []],
    [`condition = "&&"\nstopwords = ["78"]\nregexes = ['^56']`, ['5678']],
    [`condition = "and"\nregexes = ['^56']`, ['5678']],
    [`condition = "AND"\npaths = ['.*']\nregexes = ['^56']`, []],
    [`paths = ['.*']\ncommits = ["abc"]`, []],
  ])('what a list allows: %j', (list, allowed) => {
    const places = [`${PIN}[[rules.allowlists]]\n${list}`, `${PIN}[rules.allowlist]\n${list}`]
    places.push(`[[allowlists]]\n${list}\n${PIN}`, `[allowlist]\n${list}\n${PIN}`)
    places.push(`[[allowlists]]\ntargetRules = ["pin"]\n${list}\n${PIN}`)
    for (const toml of places) {
      const lines = redacted(toml, 'pin=1234', 'pin=5678 demo').join(' ')
      expect(lines.match(/\d{4}/g) ?? [], toml).toEqual(allowed)
    }
  })

  test('a line is what stands between line breaks', () => {
    const toml = `${PIN}[[rules.allowlists]]\nregexTarget = "line"\nregexes = ['demo']`
    expect(redacted(toml, 'demo\npin=1234\ndemo', 'x\ndemo pin=1234\n')).toEqual([
      'demo\npin=<pin>\ndemo',
      'x\ndemo pin=1234\n',
    ])
  })

  test('files that extend each other, the outer rules before the inner ones', () => {
    file(
      'b.toml',
      `[[rules]]\nid = "b"\nregex = 'b(\\d+)'\nkeywords = ["b1"]\n[allowlist]\nstopwords = ["00"]`,
    )
    file('a.toml', `[extend]\npath = "DIR/b.toml"\n[[rules]]\nid = "a"\nregex = 'a\\d+'`)
    const outer = `[extend]\npath = "DIR/a.toml"\n[[rules]]\nid = "b"\nkeywords = ["b2"]\nentropy = 0.5`
    expect(redacted(outer, 'a1 b12 b200', 'b22 b3')).toEqual(['<a> b<b> b200', 'b22 b3'])
  })

  test('a third file that is extended is not looked at', () => {
    file('c.toml', PIN)
    file('b.toml', `[extend]\npath = "DIR/c.toml"`)
    file('a.toml', `[extend]\npath = "DIR/b.toml"`)
    const { rules, notes } = loadGitleaksConfig(file('main.toml', `[extend]\npath = "DIR/a.toml"`))
    expect(rules).toEqual([])
    expect(notes).toEqual([
      `${dir}/b.toml: [extend]: not looked at, more than 2 files would extend each other`,
      `${dir}/main.toml: has no rule for lines, nothing is redacted`,
    ])
  })

  test.each<[toml: string, note: string]>([
    [`${PIN}sekretGroup = 1`, ':1: rule 1: unknown key "sekretGroup", is "secretGroup" meant?'],
    [`color = 1\n${PIN}`, ': unknown key "color"'],
    [`${PIN}path = 'x'`, ':1: rule 1 "pin": is about the paths of files, which lines do not have'],
    [`${PIN}skipReport = true`, ':1: rule 1 "pin": has skipReport, and hides nothing'],
    [
      `${PIN}[[rules.required]]\nid = "x"`,
      ':1: rule 1 "pin": required is not looked at, the rule counts alone',
    ],
    [`${PIN}${PIN}`, ':4: rule 2 "pin": takes the place of an earlier rule of this id'],
    [
      `[extend]\nuseDefault = true\ndisabledRules = ["gitlab-pat"]`,
      ': disabledRules: what is extended has no rule "gitlab-pat"',
    ],
    [
      `[extend]\nuseDefault = true\n[[rules]]\nid = "gitlab-pat"\ntags = ["x"]`,
      ':3: rule 1 "gitlab-pat": has no regex, and extends none of the rules of docs/secretfilter.md',
    ],
    [
      `[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = ["gitlab-pat"]\nstopwords = ["x"]`,
      ': [[allowlists]]: targetRules: there is no rule "gitlab-pat" among the rules of docs/secretfilter.md',
    ],
  ])('notes what has no effect: %j', (toml, note) => {
    expect(loadGitleaksConfig(file('main.toml', toml)).notes).toContain(`${dir}/main.toml${note}`)
  })

  test.each<[toml: string, message: string]>([
    ['[[rules]\n', ':1:'],
    [
      `# [[rules]]\nx = '''\n[[rules]]\n'''\n${PIN}[[rules]]\nid = "b"\nregex = '('`,
      ':8: rule 2 "b": regex: error',
    ],
    [`[[rules]]\nid = "b"\nregex = '(?=a)'`, 'patterns are in the RE2 syntax of Gitleaks'],
    [`[[rules]]\nregex = 'a'`, ':1: rule 1: id is missing or empty, give the rule a name'],
    [
      `rules = [{ id = "b" }]`,
      ':1: rule 1 "b": has no regex, and finds nothing; give it one, or take it out',
    ],
    [`[[rules]]\nid = 1`, ':1: rule 1: id must be a text in quotes'],
    [`${PIN}entropy = "3"`, ':1: rule 1 "pin": entropy must be a number'],
    [`${PIN}keywords = [1]`, ':1: rule 1 "pin": keywords must be a list of texts in quotes'],
    [`${PIN}secretGroup = 1.5`, 'secretGroup must be the number of a group of regex, it is 1.5'],
    [`${PIN}secretGroup = 2`, 'rule 1 "pin": secretGroup is 2, regex has 1 groups; name one of them'],
    [
      `${PIN}[rules.allowlist]\ndescription = "x"`,
      'rule 1 "pin": allowlist 1: allows nothing; give it regexes',
    ],
    [
      `${PIN}[[rules.allowlists]]\nregexes = ['[']`,
      'rule 1 "pin": allowlists 1: regexes: error parsing regexp',
    ],
    [`[allowlist]\ncondition = "XOR"\nstopwords = ["a"]`, ': allowlist 1: condition must be "OR" or "AND"'],
    [
      `[allowlist]\nregexTarget = "lines"\nregexes = ["a"]`,
      'must be "secret", "match" or "line", it is "lines"',
    ],
    [
      `[allowlist]\nstopwords = ["a"]\n[[allowlists]]\nstopwords = ["a"]`,
      'exclude each other, keep the second',
    ],
    [`${PIN}[[allowlists]]\nstopwords = ["a"]\ntargetRules = ["pim"]`, 'no rule "pim", is "pin" meant?'],
    [`[extend]\nuseDefault = true\npath = "x"`, ': [extend]: path and useDefault exclude each other'],
    [`[extend]\nuseDefault = 1`, ': [extend]: useDefault must be true or false'],
    [`[extend]\npath = "DIR/none.toml"`, 'gitleaks_config: cannot read the file: ENOENT'],
    [`rules = 1`, ':1: rule 1: must be a table'],
  ])('is refused: %j', (toml, message) => {
    expect(() => loadGitleaksConfig(file('main.toml', toml))).toThrow(message)
  })

  test('whatever stands in a file, it is taken, or refused by name', () => {
    const key = fc.constantFrom('rules', 'id', 'regex', 'extend', 'allowlists', 'keywords', 'entropy', 'x')
    const value = fc.oneof(
      fc.constantFrom('"a"', "'('", '["a"]', '1', '{ id = "a" }', '[{ id = "a", regex = "b" }]', '"""'),
      fc.string({ maxLength: 8 }),
    )
    const line = fc.oneof(
      fc.tuple(key, value).map(([name, text]) => `${name} = ${text}`),
      fc.constantFrom('[extend]', '[[rules]]', '[[rules.allowlists]]', '[allowlist]', "'''", '# x'),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const path = file('any.toml', lines.join('\n'))
        try {
          const { rules } = loadGitleaksConfig(path)
          for (const { pattern } of rules) pattern('some b line')
        } catch (thrown) {
          expect((thrown as Error).constructor).toBe(Error)
          expect((thrown as Error).message).toMatch(/any\.toml|^gitleaks_config: cannot read the file/)
        }
      }),
      { numRuns: 200 },
    )
  })
})
