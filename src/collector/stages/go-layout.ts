/** What a part of a Go reference-time layout stands for. */
export type LayoutPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'field'; readonly field: LayoutField; readonly text: string }
  | { readonly kind: 'fraction'; readonly digits: number; readonly isOptional: boolean }

/** The fields of a layout, by meaning. */
export type LayoutField =
  | 'longMonth'
  | 'month'
  | 'numMonth'
  | 'zeroMonth'
  | 'longWeekday'
  | 'weekday'
  | 'day'
  | 'underDay'
  | 'zeroDay'
  | 'yearDay'
  | 'hour'
  | 'hour12'
  | 'zeroHour12'
  | 'minute'
  | 'zeroMinute'
  | 'second'
  | 'zeroSecond'
  | 'longYear'
  | 'year'
  | 'pm'
  | 'zoneName'
  | 'zone'

/** Chunks of the reference time `Mon Jan 2 15:04:05 MST 2006`, longer ones before their beginnings. */
const CHUNKS: readonly (readonly [text: string, field: LayoutField])[] = [
  ['January', 'longMonth'],
  ['Jan', 'month'],
  ['Monday', 'longWeekday'],
  ['Mon', 'weekday'],
  ['MST', 'zoneName'],
  ['__2', 'yearDay'],
  ['002', 'yearDay'],
  ['01', 'zeroMonth'],
  ['02', 'zeroDay'],
  ['03', 'zeroHour12'],
  ['04', 'zeroMinute'],
  ['05', 'zeroSecond'],
  ['06', 'year'],
  ['2006', 'longYear'],
  ['_2006', 'longYear'],
  ['_2', 'underDay'],
  ['15', 'hour'],
  ['1', 'numMonth'],
  ['2', 'day'],
  ['3', 'hour12'],
  ['4', 'minute'],
  ['5', 'second'],
  ['PM', 'pm'],
  ['pm', 'pm'],
  ['Z07:00:00', 'zone'],
  ['Z070000', 'zone'],
  ['Z07:00', 'zone'],
  ['Z0700', 'zone'],
  ['Z07', 'zone'],
  ['-07:00:00', 'zone'],
  ['-070000', 'zone'],
  ['-07:00', 'zone'],
  ['-0700', 'zone'],
  ['-07', 'zone'],
]

/** Cuts a Go layout (package `time`) into its parts. */
export function parseGoLayout(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = []
  let literal = ''
  const flush = (): void => {
    if (literal !== '') parts.push({ kind: 'literal', text: literal })
    literal = ''
  }
  for (let at = 0; at < layout.length; ) {
    const rest = layout.slice(at)
    const fraction = /^[.,](0+|9+)(?!\d)/.exec(rest)
    if (fraction !== null) {
      flush()
      const digits = fraction[1]
      parts.push({ kind: 'fraction', digits: digits.length, isOptional: digits[0] === '9' })
      at += fraction[0].length
      continue
    }
    const chunk = chunkAt(rest)
    if (chunk === undefined) {
      literal += layout[at++]
      continue
    }
    // `_2006` is an underscore and a year.
    const underscore = chunk[0] === '_2006' ? '_' : ''
    literal += underscore
    flush()
    parts.push({ kind: 'field', field: chunk[1], text: chunk[0].slice(underscore.length) })
    at += chunk[0].length
  }
  flush()
  return parts
}

function chunkAt(rest: string): readonly [string, LayoutField] | undefined {
  let best: readonly [string, LayoutField] | undefined
  for (const chunk of CHUNKS) {
    if (!rest.startsWith(chunk[0]) || (best !== undefined && best[0].length >= chunk[0].length)) continue
    // A month's or day's short name inside a longer word is plain text, as in Go.
    if ((chunk[0] === 'Jan' || chunk[0] === 'Mon') && /^[a-z]/.test(rest.slice(3))) continue
    best = chunk
  }
  return best
}
