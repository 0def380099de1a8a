import { nodeCrypto } from '#base/node-crypto.ts'
import { type FunctionTable, fn } from '#base/template/functions.ts'
import { BUILTIN_FUNCTIONS } from '#base/template/functions-builtin.ts'
import { LIST_FUNCTIONS } from '#base/template/functions-lists.ts'
import { MATH_FUNCTIONS } from '#base/template/functions-math.ts'
import { REGEX_FUNCTIONS } from '#base/template/functions-regex.ts'
import { SPRIG_FUNCTIONS } from '#base/template/functions-sprig.ts'
import { TEXT_FUNCTIONS } from '#base/template/functions-text.ts'
import { SPRIG_TIME_FUNCTIONS, TIME_FUNCTIONS } from '#base/template/functions-time.ts'

/** What LogQL's templates have and Alloy's do not. */
const LOGQL_ONLY: ReadonlySet<string> = new Set([
  'alignLeft',
  'alignRight',
  'bytes',
  'count',
  'duration_seconds',
  'unixEpochMillis',
  'unixEpochNanos',
  'unixToTime',
  'toDateInZone',
  'urlencode',
  'urldecode',
])

const salted = (algorithm: string) =>
  fn('string, string', (salt: string, text: string) =>
    nodeCrypto()
      .createHash(algorithm)
      .update(salt + text)
      .digest('hex'),
  )

/** The functions of `stage.template` and `stage.replace`: Go's own, Sprig's, and Alloy's additions. */
export const STAGE_FUNCTIONS: FunctionTable = Object.fromEntries(
  Object.entries({
    ...BUILTIN_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...MATH_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...LIST_FUNCTIONS,
    ...REGEX_FUNCTIONS,
    ...SPRIG_FUNCTIONS,
    ...SPRIG_TIME_FUNCTIONS,
    Hash: salted('sha3-256'),
    Sha2Hash: salted('sha256'),
  }).filter(([name]) => !LOGQL_ONLY.has(name)),
)
