/** Cuts what comes over a connection into messages. */
export interface SyslogFramer {
  /** The messages that these bytes complete. */
  push(bytes: Uint8Array): Buffer[]
  /** What came last without an end; call when the connection has ended. */
  finish(): Buffer[]
}

const NEWLINE = 0x0a
const LESS_THAN = 0x3c
const MAX_LENGTH_DIGITS = 10

/**
 * Makes a framer that goes by the first byte of the connection: `<` begins messages that end with a newline,
 * a digit the octet count of RFC 6587. `push` throws where a message is longer than `maxBytes` or has no
 * length: what follows cannot be understood, and the connection must be closed.
 */
export function makeSyslogFramer(maxBytes: number): SyslogFramer {
  let carry: Buffer = Buffer.alloc(0)
  let isCounted: boolean | undefined
  const tooLong = (): Error => new Error(`the message is longer than max_message_length (${maxBytes} bytes)`)

  const nextLine = (): Buffer | undefined => {
    const end = carry.indexOf(NEWLINE)
    if ((end < 0 ? carry.length : end) > maxBytes) throw tooLong()
    if (end < 0) return undefined
    const message = carry.subarray(0, end)
    carry = carry.subarray(end + 1)
    return message
  }
  const nextCounted = (): Buffer | undefined => {
    const space = carry.subarray(0, MAX_LENGTH_DIGITS + 1).indexOf(0x20)
    if (space < 0 && carry.length <= MAX_LENGTH_DIGITS) return undefined
    const digits = carry.toString('latin1', 0, Math.max(space, 0))
    if (!/^[1-9]\d*$/.test(digits)) throw new Error('the length in front of a message is not a number')
    const length = Number(digits)
    if (length > maxBytes) throw tooLong()
    if (carry.length < space + 1 + length) return undefined
    const message = carry.subarray(space + 1, space + 1 + length)
    carry = carry.subarray(space + 1 + length)
    return message
  }
  return {
    push(bytes) {
      carry = Buffer.concat([carry, bytes])
      if (carry.length === 0) return []
      isCounted ??= carry[0] !== LESS_THAN
      const messages: Buffer[] = []
      const next = isCounted ? nextCounted : nextLine
      for (let message = next(); message !== undefined; message = next()) messages.push(message)
      return messages
    },
    finish() {
      const rest = isCounted === false && carry.length > 0 ? [carry] : []
      carry = Buffer.alloc(0)
      return rest
    },
  }
}
