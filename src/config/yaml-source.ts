import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { errorMessage } from '#base/errors.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'

/** A parsed YAML text that still knows where everything stands. */
export interface YamlSource {
  /** Plain values: mappings, lists, texts, numbers, booleans, null. */
  readonly value: unknown
  /** Where the value at a path begins; of the nearest thing above it where it is absent. */
  place(path: readonly PropertyKey[]): { line: number; column: number } | undefined
  /** Where the key at a path begins. */
  keyPlace(path: readonly string[]): { line: number; column: number } | undefined
}

/**
 * Parses YAML, keeping positions.
 * @throws ConfigError for text that is not YAML, or has a key twice in one mapping
 */
export function parseYamlSource(text: string, file?: string): YamlSource {
  const counter = new LineCounter()
  const doc = parseDocument(text, { lineCounter: counter, merge: true, strict: true, logLevel: 'silent' })
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset)
    return { line, column: col }
  }
  if (doc.errors.length > 0) {
    const problems = doc.errors.map((error): ConfigProblem => {
      const place = at(error.pos[0])
      if (error.code === 'DUPLICATE_KEY')
        return { message: duplicateKey(text, doc, error.pos[0], at), ...place }
      return { message: `yaml: line ${place.line}: ${error.message.split(' at line ')[0]}`, ...place }
    })
    const message = problems.map((problem) => problem.message).join('\n')
    throw new ConfigError(`failed parsing config: ${file ?? 'config'}: ${message}`, problems, file)
  }
  return {
    value: plainValue(doc, file, at),
    place: (path) => {
      for (let length = path.length; length >= 0; length--) {
        const node = doc.getIn(path.slice(0, length), true)
        if (isNode(node) && node.range) return at(node.range[0])
      }
      return undefined
    },
    keyPlace: (path) => {
      const range = keyNode(doc, path)?.range
      return range ? at(range[0]) : undefined
    },
  }
}

/** Aliases are resolved only now: one may lead nowhere, or multiply the text beyond measure. */
function plainValue(doc: Document.Parsed, file: string | undefined, at: Place): unknown {
  try {
    return doc.toJS() as unknown
  } catch (error) {
    const place = danglingAlias(doc, at)
    const line = place === undefined ? '' : `line ${place.line}: `
    const message = `yaml: ${line}${errorMessage(error)}`
    throw new ConfigError(
      `failed parsing config: ${file ?? 'config'}: ${message}`,
      [{ message, ...place }],
      file,
    )
  }
}

/** Where the first alias stands that no anchor belongs to. */
function danglingAlias(doc: Document.Parsed, at: Place): ReturnType<Place> | undefined {
  let place: ReturnType<Place> | undefined
  visit(doc, {
    Alias(_key, node) {
      if (node.resolve(doc) !== undefined || !node.range) return undefined
      place = at(node.range[0])
      return visit.BREAK
    },
  })
  return place
}

function keyNode(doc: Document.Parsed, path: readonly string[]): Node | undefined {
  const parent = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === path[path.length - 1])
  return isScalar(pair?.key) ? pair.key : undefined
}

type Place = (offset: number) => { line: number; column: number }

function duplicateKey(text: string, doc: Document.Parsed, offset: number, at: Place): string {
  const name = /^["']?([^"'\s:]+)/.exec(text.slice(offset))?.[1] ?? ''
  const first = firstKey(doc.contents, name, offset)
  const where = first === undefined ? '' : ` at line ${at(first).line}`
  return (
    `yaml: construct errors: line ${at(offset).line}: mapping key ${JSON.stringify(name)} ` +
    `already defined${where}`
  )
}

/** Offset of the earlier key of the mapping that holds the key at `offset`. */
function firstKey(node: unknown, name: string, offset: number): number | undefined {
  if (isMap(node)) {
    const offsets = node.items.flatMap(({ key }) =>
      isScalar(key) && key.value === name && key.range ? [key.range[0]] : [],
    )
    if (offsets.includes(offset)) return offsets[0]
    for (const { value } of node.items) {
      const found = firstKey(value, name, offset)
      if (found !== undefined) return found
    }
  }
  if (isSeq(node)) {
    for (const item of node.items) {
      const found = firstKey(item, name, offset)
      if (found !== undefined) return found
    }
  }
  return undefined
}
