import type { Limits } from '#config/schema/limits.ts'

/** Keys of messages beyond those of the limits: structlog's. */
const MORE_KEYS = ['event']

/**
 * The keys under which lines have their message: the tenant's `pattern_ingester_tokenizable_json_fields_*`.
 */
export function messageKeys(limits: Limits): string[] {
  const split = (text: string): string[] =>
    text
      .split(',')
      .map((key) => key.trim())
      .filter((key) => key !== '')
  const deleted = new Set(split(limits.pattern_ingester_tokenizable_json_fields_delete))
  const keys = [
    ...split(limits.pattern_ingester_tokenizable_json_fields_default),
    ...split(limits.pattern_ingester_tokenizable_json_fields_append),
    ...MORE_KEYS,
  ]
  return [...new Set(keys)].filter((key) => !deleted.has(key))
}
