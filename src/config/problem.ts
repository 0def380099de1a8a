import { OperatorError } from '#base/errors.ts'

/** Something that is wrong, or worth knowing, in a configuration file. */
export interface ConfigProblem {
  readonly message: string
  /** Dotted path of the key, where it is about one. */
  readonly path?: string
  /** 1-based; absent where the problem has no place in the text (a flag, a missing key). */
  readonly line?: number
  readonly column?: number
  /** The key that was probably meant, where one is unknown. */
  readonly suggestion?: string
}

/** A configuration that Loki would not start with. `code` is `config_invalid`. */
export class ConfigError extends OperatorError {
  readonly problems: readonly ConfigProblem[]
  /** The file, or `undefined` for text and flags. */
  readonly file: string | undefined
  /** What would be refused next, once the problems are mended. */
  readonly further: readonly ConfigProblem[]

  constructor(
    message: string,
    problems: readonly ConfigProblem[],
    file?: string,
    further: readonly ConfigProblem[] = [],
  ) {
    super('config_invalid', message)
    this.name = 'ConfigError'
    this.problems = problems
    this.file = file
    this.further = further
  }
}

/** `file:line:column`, as far as known. */
export function placeOf(problem: ConfigProblem, file: string | undefined): string {
  return [file ?? 'config', problem.line, problem.column].filter((part) => part !== undefined).join(':')
}
