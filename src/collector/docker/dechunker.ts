/**
 * Undoes HTTP's chunked coding (RFC 9112, 7.1). Feeds `onData` with views of what it is given, and calls
 * `onEnd` when the last chunk has come: without it, an answer is not whole. Trailers and what follows are
 * ignored.
 */
export function makeDechunker(
  onData: (bytes: Uint8Array) => void,
  onEnd: () => void = () => undefined,
): (bytes: Uint8Array) => void {
  let left = 0
  let size = 0
  let state: 'size' | 'extension' | 'data' | 'after' | 'end' = 'size'
  return (bytes) => {
    let at = 0
    while (at < bytes.length && state !== 'end') {
      if (state === 'data') {
        const end = Math.min(bytes.length, at + left)
        onData(bytes.subarray(at, end))
        left -= end - at
        at = end
        if (left === 0) state = 'after'
        continue
      }
      const byte = bytes[at++]
      if (state === 'after') {
        if (byte === 0x0a) state = 'size'
      } else if (byte === 0x0a) {
        state = size === 0 ? 'end' : 'data'
        if (state === 'end') onEnd()
        left = size
        size = 0
      } else if (state === 'size') {
        const digit = Number.parseInt(String.fromCharCode(byte), 16)
        if (Number.isNaN(digit)) state = 'extension'
        else size = size * 16 + digit
      }
    }
  }
}
