/** Addresses from one to another, both inclusive, of one family. */
export interface IpRange {
  readonly family: 4 | 6
  readonly from: bigint
  readonly to: bigint
}

/**
 * An address, a CIDR block, or `A-B`.
 * @throws Error `ip: invalid pattern: "…"`
 */
export function parseIpPattern(pattern: string): IpRange {
  const range = readPattern(pattern)
  if (range === undefined) throw new Error(`ip: invalid pattern: ${JSON.stringify(pattern)}`)
  return range
}

function readPattern(pattern: string): IpRange | undefined {
  const dash = pattern.indexOf('-')
  if (dash !== -1) {
    const from = parseAddress(pattern.slice(0, dash))
    const to = parseAddress(pattern.slice(dash + 1))
    if (from === undefined || to === undefined || from.family !== to.family || from.value > to.value) {
      return undefined
    }
    return { family: from.family, from: from.value, to: to.value }
  }
  const slash = pattern.indexOf('/')
  const address = parseAddress(slash === -1 ? pattern : pattern.slice(0, slash))
  if (address === undefined) return undefined
  if (slash === -1) return { family: address.family, from: address.value, to: address.value }
  const prefix = pattern.slice(slash + 1)
  const bits = address.family === 4 ? 32 : 128
  if (!/^(?:0|[1-9]\d*)$/.test(prefix) || Number(prefix) > bits) return undefined
  const hostBits = BigInt(bits - Number(prefix))
  const from = (address.value >> hostBits) << hostBits
  return { family: address.family, from, to: from + (1n << hostBits) - 1n }
}

interface Address {
  readonly family: 4 | 6
  readonly value: bigint
}

/** An address as its number; `undefined` where the text is none. No zones, no leading zeros in IPv4. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return { family: 4, value }
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = hextets(halves[0])
  const tail = halves.length === 2 ? hextets(halves[1]) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  let value = 0n
  for (const part of [...head, ...new Array<number>(missing).fill(0), ...tail]) {
    value = (value << 16n) | BigInt(part)
  }
  return { family: 6, value }
}

/** Sixteen-bit groups, the last possibly an IPv4 address. */
function hextets(text: string): number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  const out: number[] = []
  for (const [i, group] of groups.entries()) {
    if (group.includes('.') && i === groups.length - 1) {
      const v4 = parseV4(group)
      if (v4 === undefined) return undefined
      out.push(Number(v4.value >> 16n), Number(v4.value & 0xffffn))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) out.push(Number.parseInt(group, 16))
    else return undefined
  }
  return out
}
