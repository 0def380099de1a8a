import { invariant } from '#base/invariant.ts'
import type { ConfigProblem } from '#config/problem.ts'
import { FILE_START, type Finding, type Severity } from './finding.ts'

interface Explanation {
  readonly message: RegExp
  readonly code: string
  readonly why: string
  readonly fix: string
  readonly example?: string
}

/** What is behind the start-up errors that operators meet most. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    message: /delete-request-store should be configured/,
    code: 'loki-delete-request-store',
    why:
      'With `retention_enabled: true` Loki keeps its delete requests in an object store and refuses to ' +
      'start without one.',
    fix: 'Name the store of your schema; on one machine that is the filesystem.',
    example: 'compactor:\n  retention_enabled: true\n  delete_request_store: filesystem',
  },
  {
    message: /field \S+ not found in type/,
    code: 'loki-unknown-key',
    why:
      'Loki reads its file strictly: one unknown key anywhere outside `limits_config` and it does not ' +
      'start.',
    fix: 'Correct the name, or remove the key.',
  },
  {
    message: /must specify at least one schema/,
    code: 'loki-schema-missing',
    why: 'Without a schema there is no format to store logs in.',
    fix: 'Add a schema; its date lies before your first log line.',
    example:
      'schema_config:\n  configs:\n    - from: 2024-01-01\n      store: tsdb\n      object_store: ' +
      'filesystem\n' +
      '      schema: v13\n      index: { prefix: index_, period: 24h }',
  },
  {
    message: /periodic config for index set to 24h/,
    code: 'loki-schema-period',
    why: 'The tsdb index is cut into days, and retention works by these days.',
    fix: 'Set the period of the index to 24h.',
    example: 'index:\n  prefix: index_\n  period: 24h',
  },
  {
    message: /schema v13 is required|index type is required to store Structured Metadata/,
    code: 'loki-schema-metadata',
    why: 'Structured metadata is on by default and needs schema v13 with the tsdb index.',
    fix:
      'Add a period with `store: tsdb` and `schema: v13` that begins tomorrow, or set ' +
      '`allow_structured_metadata: false`.',
  },
  {
    message: /retention period must be >= 24h/,
    code: 'loki-retention-stream',
    why: 'Retention works by day, so a rule for single streams cannot be shorter than one.',
    fix: 'Give the rule a period of 24h or more.',
    example: 'retention_stream:\n  - selector: \'{namespace="dev"}\'\n    priority: 1\n    period: 24h',
  },
  {
    message: /cannot construct|not a valid duration|unknown unit/,
    code: 'loki-value',
    why:
      'The value has another form than this setting takes; limits take `744h` or `31d`, all other ' +
      'sections Go durations (no `d`).',
    fix: 'Write the value in the form the message asks for.',
  },
]

/** Turns what the loader of the configuration refuses into a finding. */
export function explainProblem(problem: ConfigProblem): Finding {
  const known = EXPLANATIONS.find(({ message }) => message.test(problem.message))
  const { line = FILE_START.line, column = FILE_START.column } = problem
  const what = problem.message.replace(/^(CONFIG ERROR: )?(line \d+: )?/, '').replace(/\.$/, '')
  if (known !== undefined) {
    const { code, why, fix, example } = known
    return { code, severity: 'error', line, column, what, why, fix, example }
  }
  return {
    code: 'loki-config',
    severity: 'error',
    line,
    column,
    what,
    why: 'Loki checks this when it starts, and does not start.',
    fix: problem.path === undefined ? 'Change what the message names.' : `Change \`${problem.path}\`.`,
  }
}

/** What is behind the remarks of the loader, the first that fits; the last one fits all. */
const REMARKS: readonly (Omit<Explanation, 'example'> & { readonly severity: Severity })[] = [
  {
    message: /key of an older Loki/,
    code: 'loki-old-key',
    severity: 'warning',
    why: 'A current Loki refuses to start with it; Logboom reads on without it.',
    fix: 'Do as the message says.',
  },
  {
    message: /is not a setting and is ignored/,
    code: 'loki-ignored-key',
    severity: 'warning',
    why: 'Unknown limits are skipped in silence, so the limit you meant is not set.',
    fix: 'Correct the name, or remove the key.',
  },
  {
    message: /./,
    code: 'loki-no-effect',
    severity: 'hint',
    why: 'The file is accepted as it is, but this setting does not do what it says.',
    fix: 'Remove it, or set what it depends on.',
  },
]

/** Turns what the loader only remarks upon into a finding. */
export function explainWarning(problem: ConfigProblem): Finding {
  const { line = FILE_START.line, column = FILE_START.column, message } = problem
  const known = REMARKS.find((remark) => remark.message.test(message))
  invariant(known !== undefined, 'the last remark fits every message')
  const { code, severity, why, fix } = known
  return { code, severity, line, column, what: message.replace(/\.$/, ''), why, fix }
}
