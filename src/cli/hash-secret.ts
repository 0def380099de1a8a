import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { OperatorError } from '#base/errors.ts'
import { hashSecret } from '#server/access/secret-hash.ts'

/** 256 bits, in characters that need no quoting anywhere. */
const GENERATED_BYTES = 32

/** Mounts `logboom hash-secret`: what `password_hash` and `token_hash` hold. */
export function registerHashSecret(program: Command): void {
  program
    .command('hash-secret')
    .description('make the hash of a password or token for `access` (docs/access.md)')
    .option('--generate', 'make up a secret and print it, too')
    .addHelpText(
      'after',
      '\nThe secret is read from standard input: printf %s "$SECRET" | logboom hash-secret',
    )
    .action(async ({ generate }: { generate?: true }) => {
      if (generate === true) {
        const secret = randomBytes(GENERATED_BYTES).toString('base64url')
        console.log(`secret  ${secret}\nhash    ${await hashSecret(secret)}`)
        return
      }
      console.log(await hashSecret(await readSecret()))
    })
}

/** The first line of standard input. A terminal is asked, and shows nothing of what is typed. */
async function readSecret(): Promise<string> {
  const { stdin, stderr } = process
  const isTerminal = stdin.isTTY === true
  if (isTerminal) {
    stderr.write('secret (not shown): ')
    // In raw mode readline would print what is typed itself; without an output it cannot.
    stdin.setRawMode(true)
  }
  const lines = createInterface({ input: stdin, terminal: isTerminal })
  try {
    for await (const line of lines) {
      if (line !== '') return line
      break
    }
  } finally {
    lines.close()
    if (isTerminal) {
      stdin.setRawMode(false)
      stderr.write('\n')
    }
  }
  throw new OperatorError('secret_empty', 'no secret on standard input')
}
