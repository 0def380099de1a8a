import { type Calendar, calendarOf, type GoTime, momentOf, UTC, type Zone } from './go-time.ts'

/** Names of the months, from January. */
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
/** Names of the days, from Sunday. */
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The elements of Go's reference time, longest first where one begins another. */
const ELEMENT = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2006|_2|002|01|02|03|04|05|06|15',
    'Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|PM|pm',
    '[.,]0+(?!\\d)|[.,]9+(?!\\d)|1|2|3|4|5',
  ].join('|'),
  'g',
)

const pad = (value: number, width: number): string => String(value).padStart(width, '0')

/** Go's `Time.Format`. */
export function formatTime(time: GoTime, layout: string): string {
  const calendar = calendarOf(time)
  return layout.replace(ELEMENT, (element) => formatElement(element, calendar))
}

function formatElement(element: string, at: Calendar): string {
  const hour12 = at.hour % 12 || 12
  switch (element) {
    case 'January':
      return MONTHS[at.month - 1]
    case 'Jan':
      return MONTHS[at.month - 1].slice(0, 3)
    case 'Monday':
      return WEEKDAYS[at.weekday]
    case 'Mon':
      return WEEKDAYS[at.weekday].slice(0, 3)
    case 'MST':
      return at.abbreviation
    case '2006':
      return pad(at.year, 4)
    case '_2006':
      return `_${pad(at.year, 4)}`
    case '06':
      return pad(at.year % 100, 2)
    case '01':
      return pad(at.month, 2)
    case '1':
      return String(at.month)
    case '02':
      return pad(at.day, 2)
    case '_2':
      return String(at.day).padStart(2)
    case '2':
      return String(at.day)
    case '002':
      return pad(at.yearDay, 3)
    case '__2':
      return String(at.yearDay).padStart(3)
    case '15':
      return pad(at.hour, 2)
    case '03':
      return pad(hour12, 2)
    case '3':
      return String(hour12)
    case '04':
      return pad(at.minute, 2)
    case '4':
      return String(at.minute)
    case '05':
      return pad(at.second, 2)
    case '5':
      return String(at.second)
    case 'PM':
      return at.hour < 12 ? 'AM' : 'PM'
    case 'pm':
      return at.hour < 12 ? 'am' : 'pm'
    default:
      return /^[.,]/.test(element)
        ? formatFraction(element, at.nanosecond)
        : formatOffset(element, at.offsetSeconds)
  }
}

function formatFraction(element: string, nanosecond: number): string {
  const digits = pad(nanosecond, 9).slice(0, element.length - 1)
  if (element[1] === '0') return element[0] + digits
  const trimmed = digits.replace(/0+$/, '')
  return trimmed === '' ? '' : element[0] + trimmed
}

function formatOffset(element: string, offsetSeconds: number): string {
  if (element.startsWith('Z') && offsetSeconds === 0) return 'Z'
  const sign = offsetSeconds < 0 ? '-' : '+'
  const total = Math.abs(offsetSeconds)
  const fields = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60].map((field) =>
    pad(field, 2),
  )
  const count = Math.floor(element.replace(/[^0-9]/g, '').length / 2)
  return sign + fields.slice(0, count).join(element.includes(':') ? ':' : '')
}

/** Go's `Time.String`. */
export function timeText(time: GoTime): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST')
}

interface ParsedFields {
  year: number
  month: number
  day: number
  yearDay: number
  hour: number
  minute: number
  second: number
  nanosecond: number
  pm: boolean | undefined
  zone: Zone | undefined
}

/** Go's `time.ParseInLocation`: the moment a text gives by a layout; `undefined` where it does not fit. */
export function parseTime(layout: string, text: string, zone: Zone = UTC): GoTime | undefined {
  const fields: ParsedFields = {
    year: 0,
    month: 1,
    day: 1,
    yearDay: 0,
    hour: 0,
    minute: 0,
    second: 0,
    nanosecond: 0,
    pm: undefined,
    zone: undefined,
  }
  let rest = text
  let last = 0
  const literal = (wanted: string): boolean => {
    if (!rest.startsWith(wanted)) return false
    rest = rest.slice(wanted.length)
    return true
  }
  const elements = [...layout.matchAll(ELEMENT)]
  for (const [i, { index, 0: element }] of elements.entries()) {
    if (!literal(layout.slice(last, index))) return undefined
    last = index + element.length
    const pattern = elementPattern(element)
    const match = pattern.exec(rest)
    if (match === null || !readElement(element, match[0], fields)) return undefined
    rest = rest.slice(match[0].length)
    // A fraction may follow the seconds though the layout has none.
    if ((element === '05' || element === '5') && !/^[.,]/.test(elements[i + 1]?.[0] ?? '')) {
      const fraction = /^[.,]\d+/.exec(rest)?.[0]
      if (fraction !== undefined && !layout.slice(last).startsWith(fraction[0])) {
        fields.nanosecond = Number(fraction.slice(1).padEnd(9, '0').slice(0, 9))
        rest = rest.slice(fraction.length)
      }
    }
  }
  if (rest !== layout.slice(last)) return undefined
  return fieldsToTime(fields, zone)
}

function elementPattern(element: string): RegExp {
  if (/^[.,]0/.test(element)) return new RegExp(`^[.,]\\d{${element.length - 1}}`)
  if (/^[.,]9/.test(element)) return /^(?:[.,]\d+)?/
  if (element.startsWith('Z')) return new RegExp(`^(?:Z|${offsetPattern(element)})`)
  if (element.startsWith('-')) return new RegExp(`^${offsetPattern(element)}`)
  return ELEMENT_PATTERNS[element] ?? /^\d{1,2}/
}

function offsetPattern(element: string): string {
  const count = Math.floor(element.replace(/[^0-9]/g, '').length / 2)
  return `[+-]${new Array(count).fill('\\d\\d').join(element.includes(':') ? ':' : '')}`
}

const ELEMENT_PATTERNS: Record<string, RegExp> = {
  January: new RegExp(`^(?:${MONTHS.join('|')})`, 'i'),
  Jan: new RegExp(`^(?:${MONTHS.map((name) => name.slice(0, 3)).join('|')})`, 'i'),
  Monday: new RegExp(`^(?:${WEEKDAYS.join('|')})`, 'i'),
  Mon: new RegExp(`^(?:${WEEKDAYS.map((name) => name.slice(0, 3)).join('|')})`, 'i'),
  MST: /^(?:[A-Z]{3,5}|[+-]\d\d(?:\d\d)?)/,
  '2006': /^\d{4}/,
  _2006: /^_\d{4}/,
  '06': /^\d\d/,
  '01': /^\d\d/,
  '02': /^\d\d/,
  _2: /^ ?\d{1,2}/,
  '002': /^\d{3}/,
  __2: /^ {0,2}\d{1,3}/,
  '15': /^\d\d/,
  '03': /^\d\d/,
  '04': /^\d\d/,
  '05': /^\d\d/,
  PM: /^[AP]M/,
  pm: /^[ap]m/,
}

function readElement(element: string, text: string, fields: ParsedFields): boolean {
  const value = Number(text)
  switch (element) {
    case 'January':
    case 'Jan':
      fields.month =
        MONTHS.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1
      return true
    case 'Monday':
    case 'Mon':
      return true
    case 'MST':
      fields.zone = { offsetSeconds: 0, abbreviation: text }
      return true
    case '2006':
      fields.year = value
      return true
    case '_2006':
      fields.year = Number(text.slice(1))
      return true
    case '06':
      fields.year = value >= 69 ? 1900 + value : 2000 + value
      return true
    case '01':
    case '1':
      fields.month = value
      return value >= 1 && value <= 12
    case '02':
    case '_2':
    case '2':
      fields.day = value
      return true
    case '002':
    case '__2':
      fields.yearDay = value
      return value >= 1 && value <= 366
    case '15':
      fields.hour = value
      return value < 24
    case '03':
    case '3':
      fields.hour = value
      return value <= 12
    case '04':
    case '4':
      fields.minute = value
      return value < 60
    case '05':
    case '5':
      fields.second = value
      return value < 60
    case 'PM':
    case 'pm':
      fields.pm = text.toUpperCase() === 'PM'
      return true
    default:
      if (/^[.,]/.test(element)) fields.nanosecond = Number(text.slice(1).padEnd(9, '0').slice(0, 9))
      else fields.zone = readOffset(text)
      return true
  }
}

function readOffset(text: string): Zone {
  if (text === 'Z') return UTC
  const digits = text.replace(/[^0-9]/g, '').padEnd(6, '0')
  const [hours, minutes, seconds] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].map(Number)
  const total = (hours * 3600 + minutes * 60 + seconds) * (text.startsWith('-') ? -1 : 1)
  return total === 0 ? UTC : { offsetSeconds: total, abbreviation: '' }
}

function fieldsToTime(fields: ParsedFields, zone: Zone): GoTime | undefined {
  if (fields.pm === true && fields.hour < 12) fields.hour += 12
  else if (fields.pm === false && fields.hour === 12) fields.hour = 0
  if (fields.yearDay > 0) {
    fields.month = 1
    fields.day = fields.yearDay
  } else {
    const daysInMonth = new Date(Date.UTC(2000 + (fields.year % 400), fields.month, 0)).getUTCDate()
    if (fields.day < 1 || fields.day > daysInMonth) return undefined
  }
  return momentOf(fields, fields.zone ?? zone)
}
