import { isSecret } from '../secret.ts'
import { typeName, type Value } from '../value.ts'
import { expectArgs } from './args.ts'

/** `convert.nonsensitive(secret)`: the secret's text, which from then on is shown like any other. */
export function nonsensitive(args: readonly Value[]): Value {
  expectArgs(args, 1)
  const [value] = args
  if (isSecret(value)) return value.reveal()
  if (typeof value === 'string') return value
  throw new Error(`argument 1 should be capsule, got ${typeName(value)}`)
}
