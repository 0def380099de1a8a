import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Characters with a meaning of their own in regular expressions. */
const SPECIAL = /[\\^$.*+?()[\]{}|]/g

/**
 * A matcher for a pattern of doublestar (github.com/bmatcuk/doublestar): `*` and `?` within a path segment,
 * `**` over segments, `[a-z]` and `[^a]`, `{a,b}`, `\` before a character taken as it is. Case matters.
 * @throws Error `syntax error in pattern` for an open class or group.
 */
export function compileGlob(pattern: string): (path: string) => boolean {
  const source = globSource(pattern)
  try {
    const regex = new RegExp(`^${source}$`, 's')
    return (path) => regex.test(path)
  } catch {
    // A class such as [z-a].
    throw new Error('syntax error in pattern')
  }
}

function globSource(pattern: string): string {
  let source = ''
  let groups = 0
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at)
    const isSegmentStart = at === 0 || pattern[at - 1] === '/'
    const doubleStar = isSegmentStart ? /^\*\*(?:\/|$)/.exec(rest) : null
    const klass = /^\[(\^|!)?((?:\\[\s\S]|[^\]\\])+)\]/.exec(rest)
    if (doubleStar !== null) {
      // `a/**` matches `a/` and everything below; `**/b` also matches `b` itself.
      source += doubleStar[0] === '**' ? '.*' : '(?:[^/]*/)*'
      at += doubleStar[0].length
      continue
    }
    if (klass !== null) {
      source += `[${klass[1] === undefined ? '' : '^/'}${klass[2].replace(/[[\]^]/g, '\\$&')}]`
      at += klass[0].length
      continue
    }
    const char = rest[0]
    at += 1
    if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (char === '{') {
      source += '(?:'
      groups++
    } else if (char === '}' && groups > 0) {
      source += ')'
      groups--
    } else if (char === ',' && groups > 0) source += '|'
    else if (char === '\\' && at < pattern.length) source += pattern[at++].replace(SPECIAL, '\\$&')
    else if (char === '[' || char === '\\') throw new Error('syntax error in pattern')
    else source += char.replace(SPECIAL, '\\$&')
  }
  if (groups > 0) throw new Error('syntax error in pattern')
  return source
}

/** The folder part before the first character with a meaning: where looking has to start. */
function fixedFolder(pattern: string): string {
  const magic = pattern.search(/[*?[{\\]/)
  const fixed = magic < 0 ? pattern : pattern.slice(0, magic)
  return fixed.slice(0, fixed.lastIndexOf('/') + 1)
}

/**
 * Every path below the pattern's fixed folder that matches, files and what is not a folder only, sorted.
 * Folders that cannot be read, and links that lead nowhere, are passed over.
 * @throws Error for a bad pattern.
 */
export async function findFiles(pattern: string): Promise<string[]> {
  const absolute = resolve(pattern)
  const matches = compileGlob(absolute)
  const root = fixedFolder(absolute)
  if (!/[*?[{\\]/.test(absolute)) return (await isFile(absolute)) ? [absolute] : []
  const isDeep = absolute.slice(root.length).includes('**')
  const maxDepth = isDeep ? Number.POSITIVE_INFINITY : absolute.slice(root.length).split('/').length
  const found: string[] = []
  await walk(root, 1, maxDepth, async (path) => {
    if (matches(path) && (await isFile(path))) found.push(path)
  })
  return found.sort()
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/**
 * Visits everything below a folder that is no folder itself. Linked folders are not entered, so there are no
 * loops.
 */
async function walk(
  folder: string,
  depth: number,
  maxDepth: number,
  visit: (path: string) => Promise<void>,
): Promise<void> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const item of items) {
    const path = join(folder, item.name)
    if (!item.isDirectory()) await visit(path)
    else if (depth < maxDepth) await walk(path, depth + 1, maxDepth, visit)
  }
}
