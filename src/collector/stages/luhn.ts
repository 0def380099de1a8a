import { compileRegex, type Regex } from '#base/regex/regex.ts'
import { sourceReader } from './source-text.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly replacement: string
  readonly source?: string
  readonly min_length: number
  readonly delimiters: string
  readonly skip_regex?: string
}

/** `stage.luhn`: masks numbers that pass the Luhn check, as those of payment cards do. */
export const luhnStage: StageDefinition<Args> = {
  name: 'stage.luhn',
  schema: {
    attributes: {
      replacement: { type: 'string', default: '**REDACTED**' },
      source: { type: 'string' },
      min_length: { type: 'number', default: 13 },
      delimiters: { type: 'string', default: '' },
      skip_regex: { type: 'string' },
    },
    validate: ({ skip_regex: skip }) => {
      if (typeof skip === 'string') compileRegex(skip)
    },
  },
  build(args, next) {
    const skip = args.skip_regex ? compileRegex(args.skip_regex) : undefined
    const read = sourceReader(args.source)
    return simpleStage(next, (entry) => {
      const text = read(entry)
      if (text === undefined) return
      const masked = maskLuhn(text, args, skip)
      if (masked !== text || args.source) entry.line = masked
    })
  },
}

function maskLuhn(text: string, args: Args, skip: Regex | undefined): string {
  const delimiters = args.delimiters.replace(/[\\\]^-]/g, '\\$&')
  const run = delimiters === '' ? /\d+/g : new RegExp(`\\d(?:[${delimiters}]?\\d)*`, 'g')
  return text.replace(run, (number) => {
    const digits = number.replace(/\D/g, '')
    if (digits.length < args.min_length || !passesLuhn(digits) || skip?.test(number) === true) return number
    return args.replacement
  })
}

/** Every second digit from the right is doubled; the sum of all digits must end in zero. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 0x30
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2
    sum += digit
  }
  return sum % 10 === 0
}
