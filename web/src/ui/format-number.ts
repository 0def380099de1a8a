/** `1,204`. */
export function formatCount(n: number): string {
  return Math.round(n).toLocaleString('en-US')
}

/** `1.2k`, `3.4M`: for places with little room. */
export function formatShort(n: number): string {
  if (n < 1000) return String(Number.isInteger(n) ? n : Number(n.toPrecision(3)))
  const [size, unit] = n < 1e6 ? [1e3, 'k'] : n < 1e9 ? [1e6, 'M'] : [1e9, 'G']
  const scaled = n / size
  return `${scaled < 10 ? scaled.toFixed(1).replace(/\.0$/, '') : Math.floor(scaled)}${unit}`
}

/** `12.3 MB`, decimal units. */
export function formatBytes(bytes: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes / size < 10 ? 1 : 0)} ${unit}`
  }
  return `${Math.round(bytes)} B`
}

/** `12 ms`, `1.24 s`. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}

/** `31 %`; never 0 % for something, never 100 % for less than all. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %'
  const percent = (part / whole) * 100
  if (percent < 1) return '<1 %'
  return part < whole && percent > 99 ? '99 %' : `${Math.round(percent)} %`
}
