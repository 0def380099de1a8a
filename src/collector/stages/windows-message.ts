import { extractedText, type StageEntry } from './entry.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly source: string
  readonly drop_invalid_labels: boolean
  readonly overwrite_existing: boolean
}

/** A key as the message has it, and its value. */
type Field = readonly [key: string, value: string]

/** The name for a key: undefined for one that is to be dropped. */
type Naming = (key: string) => string | undefined

function windowsStage(
  name: string,
  read: (text: string) => Field[],
  naming: (args: Args) => Naming,
): StageDefinition<Args> {
  return {
    name,
    schema: {
      attributes: {
        source: { type: 'string', default: 'message' },
        drop_invalid_labels: { type: 'bool', default: false },
        overwrite_existing: { type: 'bool', default: false },
      },
      validate: ({ source }) => {
        if (source === '') throw new Error('invalid label name: ')
      },
    },
    build(args, next) {
      const nameOf = naming(args)
      return simpleStage(next, (entry) => {
        const text = extractedText(entry.extracted.get(args.source))
        if (text === undefined) return
        for (const [key, value] of read(text)) {
          const made = nameOf(key)
          if (made !== undefined) store(entry, made, value, args.overwrite_existing)
        }
      })
    },
  }
}

function store(entry: StageEntry, name: string, value: string, overwrites: boolean): void {
  const isTaken = entry.extracted.has(name) && !overwrites
  entry.extracted.set(isTaken ? `${name}_extracted` : name, value)
}

/** The lines `key: value` of a message. */
function readLines(text: string): Field[] {
  return text.split(/\r?\n/).flatMap((line): Field[] => {
    const colon = line.indexOf(':')
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]]
  })
}

/**
 * The fields of a message of the Windows event log: first a description, then paragraphs of `Key: value`,
 * sections whose keys get the section's name in front, and values that go on in the lines below.
 */
function readSections(text: string): Field[] {
  const [description, ...paragraphs] = text.split(/(?:\r?\n){2,}/)
  const fields: [string, string][] = [['Description', description.trim()]]
  for (const paragraph of paragraphs) {
    let section = ''
    let last: [string, string] | undefined
    for (const line of paragraph.split(/\r?\n/)) {
      const colon = line.indexOf(':')
      if (colon < 0) {
        // More of the value above; prose that explains the event belongs to no key.
        if (last !== undefined && /^\s/.test(line)) last[1] += `,${line.trim()}`
        continue
      }
      const key = line.slice(0, colon).replace(/\s/g, '')
      const value = line.slice(colon + 1).trim()
      if (value === '' && !/^\s/.test(line)) {
        section = `${key}_`
        continue
      }
      last = [/^\s/.test(line) ? section + key : key, value]
      fields.push(last)
    }
  }
  return fields
}

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/**
 * `stage.eventlogmessage`: extracts the lines `key: value` of a Windows event's message. What is no label
 * name is made one, or dropped.
 */
export const eventLogMessageStage = windowsStage('stage.eventlogmessage', readLines, (args) => (key) => {
  if (LABEL_NAME.test(key)) return key
  return args.drop_invalid_labels || key === '' ? undefined : key.replace(/^[0-9]|[^a-zA-Z0-9_]/g, '_')
})

/**
 * `stage.windowsevent`: extracts description, sections and keys of a Windows event's message, the key within
 * a section as `Subject_AccountName`. Any text may be a key, except bytes that are no UTF-8.
 */
export const windowsEventStage = windowsStage('stage.windowsevent', readSections, (args) => (key) => {
  if (key !== '' && !key.includes('\ufffd')) return key
  return args.drop_invalid_labels || key === '' ? undefined : key.replaceAll('\ufffd', '_')
})
