const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  KB: 1024,
  MiB: 1024 ** 2,
  MB: 1024 ** 2,
  GiB: 1024 ** 3,
  GB: 1024 ** 3,
  TiB: 1024 ** 4,
  TB: 1024 ** 4,
  PiB: 1024 ** 5,
  PB: 1024 ** 5,
}

/**
 * Parses a size of Alloy's configuration (`1MiB`, `1.5GB`) to bytes. All units are powers of 1024, with or
 * without the `i`; a number without a unit is wrong unless it is 0.
 * @throws Error `units: unknown unit kB in 5kB`, `units: invalid x`, …
 */
export function parseSize(text: string): number {
  const negative = text.startsWith('-')
  let rest = negative || text.startsWith('+') ? text.slice(1) : text
  if (rest === '0') return 0
  if (rest === '') throw new Error(`units: invalid ${text}`)
  let totalBytes = 0
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)
    if (number === null) throw new Error(`units: invalid ${text}`)
    rest = rest.slice(number[0].length)
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? ''
    const unitBytes = UNIT_BYTES[unit]
    if (unitBytes === undefined) {
      throw new Error(
        `units: unknown unit ${unit === '' ? `in ${text} (write e.g. ${text}B)` : `${unit} in ${text}`}`,
      )
    }
    totalBytes += Number(number[0]) * unitBytes
    rest = rest.slice(unit.length)
  }
  return Math.trunc(negative ? -totalBytes : totalBytes)
}
