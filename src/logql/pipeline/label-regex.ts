import { compileRegex } from '#base/regex/regex.ts'

/**
 * The test of `label =~ "re"` in a pipeline.
 * @throws Error ``error parsing regexp: …``
 */
export function compileLabelRegex(source: string): (value: string) => boolean {
  const regex = compileRegex(source, { anchored: true })
  return (value) => regex.test(value)
}
