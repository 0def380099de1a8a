const UNITS: Record<string, number> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  KB: 2 ** 10,
  M: 2 ** 20,
  MB: 2 ** 20,
  G: 2 ** 30,
  GB: 2 ** 30,
  T: 2 ** 40,
  TB: 2 ** 40,
  P: 2 ** 50,
  PB: 2 ** 50,
  E: 2 ** 60,
  EB: 2 ** 60,
}

/**
 * Parses a size of Loki's configuration (`256KB`, `1.5` is refused, `100 mb`, `4096`) to bytes; 1 KB is 1024
 * bytes.
 * @throws Error with Go's text: `strconv.UnmarshalText: parsing "1KIB": invalid syntax`
 */
export function parseSize(text: string): number {
  const upper = text.trim().toUpperCase()
  const match = /^(\d+) ?([A-Z]*)$/.exec(upper)
  const unit = match === null ? undefined : UNITS[match[2]]
  if (match === null || unit === undefined) {
    throw new Error(`strconv.UnmarshalText: parsing "${upper}": invalid syntax`)
  }
  const bytes = Number(match[1]) * unit
  if (bytes > 2 ** 64) throw new Error(`strconv.UnmarshalText: parsing "${upper}": value out of range`)
  return bytes
}

/**
 * Loki's way to print a size of its configuration: the largest unit that divides it exactly (`256KB`,
 * `1536KB`, `0B`).
 */
export function printSize(bytes: number): string {
  for (const unit of ['EB', 'PB', 'TB', 'GB', 'MB', 'KB']) {
    if (bytes > 0 && bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`
  }
  return `${bytes}B`
}

/** Bytes as Go's humanize library prints them for people: `1.0 KiB`, `150 GiB`, `12 B`. */
export function printIecSize(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']
  if (bytes < 10) return `${bytes} B`
  const exponent = Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), names.length - 1)
  const value = Math.floor((bytes / 1024 ** exponent) * 10 + 0.5) / 10
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${names[exponent]}`
}
