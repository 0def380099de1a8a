import { errorMessage } from '#base/errors.ts'
import { makeLabels } from '#base/labels.ts'
import { compileRegex } from '#base/regex/regex.ts'
import { extractedText, type StageEntry } from './entry.ts'
import { buildStages, type StageBlock } from './registry.ts'
import { type Next, type Stage, type StageContext, type StageDefinition, simpleStage } from './stage.ts'

/** Labels in which a container says how its lines are to be processed; they are taken off the entries. */
export const CONTAINER_LABELS = ['logboom_multiline', 'logboom_drop', 'logboom_parse'] as const

/** So many different wishes are kept; beyond that, those asked for first are made anew when they come up. */
const MAX_CHAINS = 500
const LEVEL_KEYS = ['level', 'severity', 'lvl', 'log.level']
const TIMESTAMP_KEYS = ['timestamp', 'time', 'ts', '@timestamp']

/**
 * `stage.container_labels`: multi-line joining, dropping and parsing as the labels of the entry's container
 * ask for. Not of Alloy; `logboom up` uses it.
 */
export const containerLabelsStage: StageDefinition = {
  name: 'stage.container_labels',
  schema: { attributes: {} },
  build(_args, next, context) {
    const chains = new Map<string, Stage>()
    const chainFor = (wishes: readonly string[]): Stage => {
      const key = JSON.stringify(wishes)
      let chain = chains.get(key)
      if (chain === undefined) {
        chain = makeChain(wishes, next, context)
        chains.set(key, chain)
        const [oldest] = chains
        if (chains.size > MAX_CHAINS) {
          chains.delete(oldest[0])
          oldest[1].close?.()
        }
      }
      return chain
    }
    return {
      push(entry) {
        const wishes = CONTAINER_LABELS.map((name) => entry.label(name))
        if (wishes.every((wish) => wish === '')) return next(entry)
        const chain = chainFor(wishes)
        for (const name of CONTAINER_LABELS) entry.setLabel(name, '')
        return chain.push(entry)
      },
      close() {
        for (const chain of chains.values()) chain.close?.()
      },
    }
  },
}

/** A wish that cannot be met is left out and said once; the lines are worth more than the wish. */
function makeChain(wishes: readonly string[], next: Next, context: StageContext): Stage {
  let chain: Stage = { push: next }
  for (const [index, make] of [...MAKERS.entries()].reverse()) {
    const wish = wishes[index]
    if (wish === '') continue
    const following = chain
    try {
      const stage = make(wish, following.push, context)
      const close = (): void => {
        stage.close?.()
        following.close?.()
      }
      chain = { push: stage.push, close }
    } catch (error) {
      const label = CONTAINER_LABELS[index].replace('_', '.')
      context.logger.warn(
        { label, value: wish, error: errorMessage(error) },
        'a container label has no effect',
      )
    }
  }
  return chain
}

type Maker = (wish: string, next: Next, context: StageContext) => Stage

const MAKERS: readonly Maker[] = [
  (firstline, next, context) => {
    const args = { firstline, max_lines: 1000, max_wait_time: 1000, trim_newlines: true }
    compileRegex(firstline)
    return buildStages([{ name: 'stage.multiline', args }], next, context)
  },
  (expression, next, context) => {
    compileRegex(expression)
    const args = { expression, separator: ';', drop_counter_reason: 'logboom.drop' }
    return buildStages([{ name: 'stage.drop', args }], next, context)
  },
  (format, next, context) => buildStages([parserOf(format)], toMetadata(format, next).push, context),
]

/** `json`, `logfmt` or `regex:<pattern with named groups>`. */
function parserOf(format: string): StageBlock {
  const keys = [...LEVEL_KEYS, ...TIMESTAMP_KEYS]
  if (format === 'json') {
    const expressions = Object.fromEntries(keys.map((key) => [key, JSON.stringify(key)]))
    return { name: 'stage.json', args: { expressions, drop_malformed: false } }
  }
  if (format === 'logfmt') {
    return { name: 'stage.logfmt', args: { mapping: Object.fromEntries(keys.map((key) => [key, key])) } }
  }
  if (format.startsWith('regex:')) {
    const expression = format.slice('regex:'.length)
    return { name: 'stage.regex', args: { expression, labels_from_groups: false } }
  }
  throw new Error('use json, logfmt or regex:<pattern with named groups>')
}

/** Level and time, or every named group of a pattern, become structured metadata. */
function toMetadata(format: string, next: Next): Stage {
  const groups = format.startsWith('regex:')
    ? compileRegex(format.slice('regex:'.length)).groupNames.filter((name) => name !== '')
    : undefined
  const wanted: readonly (readonly [name: string, keys: readonly string[]])[] = groups?.map(
    (name) => [name, [name]] as const,
  ) ?? [
    ['level', LEVEL_KEYS],
    ['timestamp', TIMESTAMP_KEYS],
  ]
  return simpleStage(next, (entry) => {
    const pairs = wanted.flatMap(([name, keys]): [string, string][] => {
      const value = firstValue(entry, keys)
      return value === undefined ? [] : [[name, value]]
    })
    if (pairs.length > 0) entry.metadata = makeLabels([...entry.metadata, ...pairs])
  })
}

/** Labels are extracted values from the start, and no part of the line. */
function firstValue(entry: StageEntry, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = extractedText(entry.extracted.get(key))
    if (value !== undefined && value !== '' && value !== entry.label(key)) return value
  }
  return undefined
}
