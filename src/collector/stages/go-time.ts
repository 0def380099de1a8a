import { MONTHS, WEEKDAYS } from '#base/template/time-layout.ts'
import type { Timestamp } from '#base/timestamp.ts'
import { type LayoutField, parseGoLayout } from './go-layout.ts'
import { zoneOffsetMs } from './zone-offset.ts'

/** The parts of a time as they are read. */
interface Parts {
  year: number | undefined
  month: number
  day: number
  yearDay: number
  hour: number
  isPm: boolean | undefined
  minute: number
  second: number
  nanoseconds: number
  /** Offset from UTC in milliseconds; `undefined` when the text names none. */
  offsetMs: number | undefined
}

/** Settings of {@link compileGoLayout}. */
export interface GoTimeOptions {
  /** IANA zone of times that name none; default UTC. */
  readonly location?: string
  /** The year of times that name none; called for each. Absent: such times are of the year 0, as in Go. */
  readonly now?: () => Date
}

/**
 * Compiles a Go layout (`Mon Jan _2 15:04:05 2006`) to a parser like Go's `time.ParseInLocation`. It gives
 * `undefined` for text that does not fit. Fractions of a second after the seconds are read also where the
 * layout has none.
 */
export function compileGoLayout(
  layout: string,
  options: GoTimeOptions = {},
): (text: string) => Timestamp | undefined {
  const parts = parseGoLayout(layout)
  return (text) => {
    const reader = new TimeReader(text)
    for (const [index, part] of parts.entries()) {
      const following = parts[index + 1]
      if (part.kind === 'literal') reader.literal(part.text)
      else if (part.kind === 'fraction') reader.fraction(part.digits, part.isOptional)
      else reader.field(part.field, part.text, following?.kind === 'fraction')
    }
    return reader.isDone ? toTimestamp(reader.parts, options) : undefined
  }
}

class TimeReader {
  readonly parts: Parts = {
    ...{ year: undefined, month: 1, day: 1, yearDay: 0, hour: 0, isPm: undefined },
    ...{ minute: 0, second: 0, nanoseconds: 0, offsetMs: undefined },
  }
  readonly #text: string
  #at = 0
  #isBad = false

  constructor(text: string) {
    this.#text = text
  }

  /** Whether everything fitted and nothing is left. */
  get isDone(): boolean {
    return !this.#isBad && this.#at === this.#text.length
  }

  literal(text: string): void {
    for (const char of text) {
      if (char === ' ') {
        // A space of the layout stands for any number of them, also none at the end of the text.
        if (this.#at < this.#text.length && this.#text[this.#at] !== ' ') this.#isBad = true
        while (this.#text[this.#at] === ' ') this.#at++
      } else if (this.#text.startsWith(char, this.#at)) this.#at += char.length
      else this.#isBad = true
    }
  }

  fraction(digits: number, isOptional: boolean): void {
    const match = this.#match(/[.,](\d+)/y)
    if (match === undefined) {
      if (!isOptional) this.#isBad = true
    } else if (!isOptional && match[1].length !== digits) this.#isBad = true
    else this.parts.nanoseconds = Number(match[1].slice(0, 9).padEnd(9, '0'))
  }

  field(field: LayoutField, text: string, isFractionNext: boolean): void {
    const parts = this.parts
    switch (field) {
      case 'longYear':
        parts.year = this.#number(/\d{4}/y)
        return
      case 'year':
        parts.year = this.#number(/\d{2}/y)
        parts.year += parts.year >= 69 ? 1900 : 2000
        return
      case 'month':
      case 'longMonth':
        parts.month = this.#name(MONTHS, field === 'month') + 1
        return
      case 'weekday':
      case 'longWeekday':
        this.#name(WEEKDAYS, field === 'weekday')
        return
      case 'numMonth':
      case 'zeroMonth':
        parts.month = this.#number(field === 'numMonth' ? /\d{1,2}/y : /\d{2}/y)
        return
      case 'day':
      case 'underDay':
      case 'zeroDay':
        if (field !== 'zeroDay') this.#match(/ /y)
        parts.day = this.#number(field === 'zeroDay' ? /\d{2}/y : /\d{1,2}/y)
        return
      case 'yearDay':
        if (text.startsWith('_')) this.#match(/ {0,2}/y)
        parts.yearDay = this.#number(text.startsWith('_') ? /\d{1,3}/y : /\d{3}/y)
        return
      case 'hour':
        parts.hour = this.#number(/\d{1,2}/y, 23)
        return
      case 'hour12':
      case 'zeroHour12':
        parts.hour = this.#number(field === 'hour12' ? /\d{1,2}/y : /\d{2}/y, 12)
        return
      case 'minute':
      case 'zeroMinute':
        parts.minute = this.#number(field === 'minute' ? /\d{1,2}/y : /\d{2}/y, 59)
        return
      case 'second':
      case 'zeroSecond':
        parts.second = this.#number(field === 'second' ? /\d{1,2}/y : /\d{2}/y, 59)
        if (!isFractionNext) this.fraction(0, true)
        return
      case 'pm': {
        const match = this.#match(text === 'PM' ? /AM|PM/y : /am|pm/y)
        if (match === undefined) this.#isBad = true
        else parts.isPm = match[0].toLowerCase() === 'pm'
        return
      }
      case 'zone':
        parts.offsetMs = this.#zone(text)
        return
      case 'zoneName':
        parts.offsetMs = this.#zoneName()
    }
  }

  #zone(layout: string): number {
    if (layout.startsWith('Z') && this.#match(/Z/y) !== undefined) return 0
    const colon = layout.includes(':') ? ':' : ''
    const digits = layout.replace(/\D/g, '').length
    const tail = `(?:${colon}(\\d\\d))`.repeat(digits / 2 - 1)
    const match = this.#match(new RegExp(`([+-])(\\d\\d)${tail}`, 'y'))
    if (match === undefined) {
      this.#isBad = true
      return 0
    }
    const [, sign, hours, minutes = '0', seconds = '0'] = match
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    return (sign === '-' ? -size : size) * 1000
  }

  /**
   * `UTC` and `GMT+3` say something; other abbreviations belong to no one zone and count as UTC, as in Go.
   */
  #zoneName(): number {
    const match = this.#match(/GMT([+-]\d{1,2})?|[A-Z]{3,5}|[+-]\d{2}/y)
    if (match === undefined) this.#isBad = true
    return Number(match?.[1] ?? 0) * 3_600_000
  }

  #name(names: readonly string[], isShort: boolean): number {
    const rest = this.#text.slice(this.#at).toLowerCase()
    const index = names.findIndex((name) =>
      rest.startsWith((isShort ? name.slice(0, 3) : name).toLowerCase()),
    )
    if (index < 0) this.#isBad = true
    else this.#at += isShort ? 3 : names[index].length
    return index
  }

  #number(pattern: RegExp, max = Number.POSITIVE_INFINITY): number {
    const value = Number(this.#match(pattern)?.[0] ?? Number.NaN)
    if (!(value <= max)) this.#isBad = true
    return value
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }
}

const DAY_MS = 86_400_000

function toTimestamp(parts: Parts, options: GoTimeOptions): Timestamp | undefined {
  let { hour, month, day } = parts
  if (parts.isPm === true && hour < 12) hour += 12
  else if (parts.isPm === false && hour === 12) hour = 0
  const year = parts.year ?? guessYear(parts.month, options)
  if (parts.yearDay > 0) {
    const date = new Date(Date.UTC(year, 0, parts.yearDay))
    month = date.getUTCMonth() + 1
    day = date.getUTCDate()
  }
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day)
  const date = new Date(midnight)
  // JavaScript rolls 30 February over into March; such a day does not exist.
  if (month < 1 || month > 12 || date.getUTCDate() !== day || day < 1) return undefined
  const ofDayMs = ((hour * 60 + parts.minute) * 60 + parts.second) * 1000
  const wallMs = Math.floor(midnight / DAY_MS) * DAY_MS + ofDayMs
  const offsetMs = parts.offsetMs ?? zoneOffsetMs(options.location ?? 'UTC', wallMs)
  const fractionMs = Math.floor(parts.nanoseconds / 1_000_000)
  return { ms: wallMs - offsetMs + fractionMs, ns: parts.nanoseconds % 1_000_000 }
}

/** Logs without a year are of this one, or around New Year of the one beside it. */
function guessYear(month: number, options: GoTimeOptions): number {
  if (options.now === undefined) return 0
  const now = options.now()
  const year = now.getUTCFullYear()
  if (month === 12 && now.getUTCMonth() === 0) return year - 1
  if (month === 1 && now.getUTCMonth() === 11) return year + 1
  return year
}
