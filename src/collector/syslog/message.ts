import { parseRfc3339 } from '#base/rfc3339.ts'

/** A syslog message, read. Absent parts (`-` in RFC 5424) are empty. */
export interface SyslogMessage {
  readonly facility: string
  readonly severity: string
  /** When it was written; `undefined` where it does not say. */
  readonly tsMs: number | undefined
  readonly tsNs: number
  readonly hostname: string
  readonly appName: string
  readonly procId: string
  readonly msgId: string
  /** Parameters of the structured data: id of the element, name, value. */
  readonly params: readonly (readonly [id: string, name: string, value: string])[]
  readonly text: string
}

const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug']
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'security', 'console', 'solaris-cron', 'local0', 'local1', 'local2', 'local3', 'local4'],
  ...['local5', 'local6', 'local7'],
]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000
const HEAD_5424 = /^<(\d{1,3})>[1-9]\d{0,2} (\S+) (\S+) (\S+) (\S+) (\S+) /
const HEAD_3164 =
  /^<(\d{1,3})>(?:([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\S+)) (\S+) /
const ELEMENT = /^\[([^\s=\]"]{1,32})/
const PARAM = /^ ([^\s=\]"]{1,32})="((?:[^"\\\]]|\\.)*)"/s

/**
 * Reads a message of RFC 5424.
 * @throws Error saying what is wrong with it.
 */
export function parseRfc5424(line: string): SyslogMessage {
  const match = HEAD_5424.exec(line)
  if (match === null) throw new Error('the message does not begin as RFC 5424 says')
  const [head, pri, stamp, ...names] = match
  const [hostname, appName, procId, msgId] = names.map((name) => (name === '-' ? '' : name))
  const time = stamp === '-' ? undefined : parseRfc3339(stamp)
  if (stamp !== '-' && time === undefined)
    throw new Error(`the time ${JSON.stringify(stamp)} is not RFC 3339`)
  const { params, rest } = readStructuredData(line.slice(head.length))
  if (rest !== '' && !rest.startsWith(' ')) throw new Error('there is no space behind the structured data')
  return {
    ...priority(pri),
    tsMs: time?.ms,
    tsNs: time?.ns ?? 0,
    ...{ hostname, appName, procId, msgId, params },
    text: rest.slice(1).replace(/^\uFEFF/, ''),
  }
}

/**
 * Reads a message of RFC 3164. Its time has neither year nor zone: the year is the one that brings it next to
 * `nowMs`, the zone UTC.
 * @throws Error saying what is wrong with it.
 */
export function parseRfc3164(line: string, nowMs: number): SyslogMessage {
  const match = HEAD_3164.exec(line)
  if (match === null) throw new Error('the message does not begin as RFC 3164 says')
  const [head, pri, month, day, hour, minute, second, stamp, hostname] = match
  const time = stamp === undefined ? undefined : parseRfc3339(stamp)
  if (stamp !== undefined && time === undefined) throw new Error(`the time ${stamp} is not RFC 3339`)
  const monthIndex = MONTHS.indexOf(month)
  if (stamp === undefined && monthIndex < 0) throw new Error(`there is no month ${month}`)
  const inYear = (year: number): number =>
    Date.UTC(year, monthIndex, Number(day), Number(hour), Number(minute), Number(second))
  const thisYear = new Date(nowMs).getUTCFullYear()
  const guessMs = inYear(thisYear) > nowMs + DAY_MS ? inYear(thisYear - 1) : inYear(thisYear)
  const rest = line.slice(head.length)
  const tag = /^([^\s:[]{1,48})(?:\[([^\]\s]*)\])?: ?/.exec(rest)
  return {
    ...priority(pri),
    tsMs: time === undefined ? guessMs : time.ms,
    tsNs: time?.ns ?? 0,
    ...{ hostname, appName: tag?.[1] ?? '', procId: tag?.[2] ?? '', msgId: '', params: [] },
    text: rest.slice(tag?.[0].length ?? 0),
  }
}

function priority(text: string): { facility: string; severity: string } {
  const value = Number(text)
  if (value > 191) throw new Error(`the priority ${text} is greater than 191`)
  return { facility: FACILITIES[value >> 3], severity: SEVERITIES[value & 7] }
}

function readStructuredData(text: string): { params: [string, string, string][]; rest: string } {
  if (text.startsWith('-')) return { params: [], rest: text.slice(1) }
  const params: [string, string, string][] = []
  let rest = text
  if (!rest.startsWith('[')) throw new Error('there is no structured data')
  while (rest.startsWith('[')) {
    const element = ELEMENT.exec(rest)
    if (element === null) throw new Error('an element of the structured data has no name')
    rest = rest.slice(element[0].length)
    for (let param = PARAM.exec(rest); param !== null; param = PARAM.exec(rest)) {
      params.push([element[1], param[1], param[2].replace(/\\(["\\\]])/g, '$1')])
      rest = rest.slice(param[0].length)
    }
    if (!rest.startsWith(']')) throw new Error(`the structured data ${element[1]} does not end`)
    rest = rest.slice(1)
  }
  return { params, rest }
}
