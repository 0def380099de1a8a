import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { errorMessage, OperatorError } from '#base/errors.ts'
import { type CheckResult, checkText } from '#check/check.ts'
import { reportText, summary } from '#check/report.ts'
import type { Output } from './query.ts'

/** The flags of `logboom check`. */
export interface CheckOptions {
  readonly format: 'text' | 'json'
}

/** Mounts `logboom check <file…>`: what would fail, why, and how to fix it. Exit 1 where there are errors. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description(
      'explain what is wrong with loki.yaml, config.alloy, docker-compose.yml or rules, and how to fix it',
    )
    .argument('<file...>', 'files to check')
    .addOption(new Option('--format <form>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (files: string[], options: CheckOptions) => {
      if (!(await runCheck(files, options, process))) process.exitCode = 1
    })
}

/**
 * Checks files and prints what it found; tells whether they are free of errors.
 * @throws OperatorError `check_unreadable`, `check_unknown_file`
 */
export async function runCheck(
  files: readonly string[],
  { format }: CheckOptions,
  output: Output,
  nowMs: number = Date.now(),
): Promise<boolean> {
  const checked = await Promise.all(files.map(async (file) => ({ file, ...(await checkFile(file, nowMs)) })))
  if (format === 'json') {
    const findings = checked.flatMap(({ file, findings }) =>
      findings.map((finding) => ({ file, ...finding })),
    )
    output.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`)
  } else {
    const colour = output.stdout.isTTY === true && process.env.NO_COLOR === undefined
    for (const { file, text, findings } of checked) {
      if (findings.length > 0) output.stdout.write(`${reportText(file, text, findings, colour)}\n`)
      output.stdout.write(`${file}: ${summary(findings)}\n`)
    }
  }
  return !checked.some(({ findings }) => findings.some(({ severity }) => severity === 'error'))
}

async function checkFile(file: string, nowMs: number): Promise<CheckResult & { readonly text: string }> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorError('check_unreadable', `cannot read ${file}: ${errorMessage(error)}`, {
      cause: error,
    })
  }
  const result = await checkText(file, text, nowMs)
  if (result.kind === undefined) {
    const known = 'a loki.yaml, a config.alloy, a docker-compose.yml or a file of rules'
    throw new OperatorError(
      'check_unknown_file',
      `${file} looks like none of the files check knows: ${known}`,
    )
  }
  return { ...result, text }
}
