const formats = new Map<string, Intl.DateTimeFormat>()

/**
 * The offset from UTC, in milliseconds, of `location` (an IANA name) when its clocks show `wallMs`, a time of
 * day given as if it were UTC.
 * @throws RangeError for an unknown location.
 */
export function zoneOffsetMs(location: string, wallMs: number): number {
  if (location === 'UTC') return 0
  // The first guess may fall on the other side of a change of the clocks; the second is right.
  const guess = offsetAt(location, wallMs)
  return offsetAt(location, wallMs - guess)
}

function offsetAt(location: string, ms: number): number {
  let format = formats.get(location)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: location, timeZoneName: 'longOffset' })
    formats.set(location, format)
  }
  const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name)
  if (match === null) return 0
  const [, sign, hours, minutes, seconds = '0'] = match
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -size : size
}
