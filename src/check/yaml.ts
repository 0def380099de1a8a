import { ConfigError } from '#config/problem.ts'
import { isRawMap } from '#config/tree.ts'
import { parseYamlSource, type YamlSource } from '#config/yaml-source.ts'
import { FILE_START, type Finding, type Place } from './finding.ts'

/** The place of a key; of the nearest thing above it where it is absent. */
export function keyPlace(source: YamlSource, path: readonly (string | number)[]): Place {
  for (let length = path.length; length > 0; length--) {
    const place = source.keyPlace(path.slice(0, length).map(String))
    if (place !== undefined) return place
    // An item of a list has no key; it stands where its value stands.
    const item = typeof path[length - 1] === 'number' ? source.place(path.slice(0, length)) : undefined
    if (item !== undefined) return item
  }
  return FILE_START
}

/** Parses YAML that must be a mapping; what is wrong with it otherwise, as findings. */
export function readYaml(text: string): { source: YamlSource } | { findings: Finding[] } {
  try {
    const source = parseYamlSource(text)
    if (isRawMap(source.value)) return { source }
    const what = 'the file is not a mapping of settings'
    return { findings: [syntaxFinding(what, FILE_START)] }
  } catch (error) {
    if (error instanceof ConfigError) {
      // One slip of the indentation makes the parser complain about all that follows; the first place is the
      // one to mend.
      const [{ message, line = 1, column = 1 }] = error.problems
      const what = message.replace(/^yaml: (construct errors: )?(line \d+: )?/, '')
      return { findings: [syntaxFinding(what, { line, column })] }
    }
    throw error
  }
}

function syntaxFinding(what: string, place: Place): Finding {
  return {
    code: 'yaml-syntax',
    severity: 'error',
    ...place,
    what,
    why: 'A file that is not valid YAML, or has a key twice, is refused as a whole.',
    fix: 'Look at the indentation (spaces, never tabs), quotes and colons around this place.',
  }
}
