import { parsePattern } from '#base/regex/parse.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { type Leg, regexLegs } from './regex-legs.ts'

/**
 * The test of `label =~ "re"` in a pipeline. Anchored, unless the pattern comes down to text: see {@link
 * regexLegs}.
 * @throws Error ``error parsing regexp: …``
 */
export function compileLabelRegex(source: string): (value: string) => boolean {
  const regex = compileRegex(source, { anchored: true })
  const tree = parsePattern(source)
  const legs = tree === undefined ? undefined : regexLegs(tree)
  if (legs === undefined) return (value) => regex.test(value)
  const tests = legs.map((leg) => legTest(leg))
  return tests.length === 1 ? tests[0] : (value) => tests.some((test) => test(value))
}

function legTest(leg: Leg): (value: string) => boolean {
  switch (leg.kind) {
    case 'always':
      return () => true
    case 'nonEmpty':
      return (value) => value !== ''
    case 'text':
    case 'contains': {
      const anchored = leg.kind === 'text'
      const { text } = leg
      if (!leg.fold) return anchored ? (value) => value === text : (value) => value.includes(text)
      const regex = compileRegex(`(?i)${escapePattern(text)}`, { anchored })
      return (value) => regex.test(value)
    }
  }
}

/** Writes a text as a pattern that matches just it. */
export function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
