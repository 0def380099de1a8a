import { readFileSync } from 'node:fs'
import { errorMessage } from '#base/errors.ts'
import { ConfigError } from './problem.ts'
import { type AccessSection, accessSchema } from './schema/access.ts'
import { isRawMap, withoutNulls } from './tree.ts'
import { checkKeys } from './unknown-keys.ts'
import { parseYamlSource } from './yaml-source.ts'

/**
 * Reads a file that holds the keys of `access` (or the section under its name, so that a part of a
 * loki.yaml can be moved as it is).
 * @throws ConfigError for a file that cannot be read, is not YAML or has unknown keys
 */
export function readAccessFile(file: string): AccessSection {
  const source = parseYamlSource(readText(file), file)
  const value = withoutNulls(source.value) ?? {}
  const isWrapped = isRawMap(value) && Object.keys(value).join() === 'access'
  const keys = checkKeys(source, accessSchema, isWrapped ? ['access'] : [])
  if (keys.errors.length > 0) {
    throw new ConfigError(`${file}: ${keys.errors.map((e) => e.message).join('; ')}`, keys.errors, file)
  }
  const parsed = accessSchema.safeParse(isWrapped ? value.access : value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => {
    const place = source.place(isWrapped ? ['access', ...issue.path] : issue.path)
    return { message: `line ${place?.line ?? '?'}: ${issue.message}`, ...place }
  })
  throw new ConfigError(`${file}: ${problems.map((one) => one.message).join('; ')}`, problems, file)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const message = `access.file ${file} cannot be read: ${errorMessage(error)}`
    throw new ConfigError(message, [{ message, path: 'access.file' }], file)
  }
}
