import { inspect } from '../node-util.ts'

/** A text that never shows itself: not in logs, not in JSON, not in the components API. */
export interface Secret {
  readonly kind: 'secret'
  /** The text. Call where it is used, never where it is shown. */
  reveal(): string
  toString(): string
  toJSON(): string
}

const SHOWN = '(secret)'
const secrets = new WeakSet<object>()

/** Wraps a text. */
export function makeSecret(text: string): Secret {
  const secret = {
    kind: 'secret' as const,
    reveal: () => text,
    toString: () => SHOWN,
    toJSON: () => SHOWN,
    [inspect.custom]: () => SHOWN,
  }
  secrets.add(secret)
  return secret
}

/** Whether a value was made by {@link makeSecret}. */
export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && secrets.has(value)
}
