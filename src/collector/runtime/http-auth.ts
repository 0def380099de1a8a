import { nodeCrypto } from '#base/node-crypto.ts'
import type { HttpArgs } from './config-block.ts'

/**
 * Whether a request may pass under the `auth` of the `http` block. Without `basic` everything may. With a
 * `filter`, `authenticate_matching_paths` says whether the paths that start with one of `paths` need the
 * password, or all others.
 */
export function isAuthorized(
  http: HttpArgs | undefined,
  path: string,
  authorization: string | undefined,
): boolean {
  const basic = http?.auth?.basic
  if (basic === undefined) return true
  const filter = http?.auth?.filter
  if (filter !== undefined) {
    const isMatch = filter.paths.some((prefix) => path.startsWith(prefix))
    if (isMatch !== filter.authenticate_matching_paths) return true
  }
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const given = Buffer.from(encoded, 'base64').toString()
  return isSame(given, `${basic.username}:${basic.password}`)
}

/** Compares in a time that tells nothing about where the texts differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => nodeCrypto().createHash('sha256').update(text).digest()
  return nodeCrypto().timingSafeEqual(digest(a), digest(b))
}
