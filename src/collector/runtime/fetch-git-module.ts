import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { nodeCrypto } from '#base/node-crypto.ts'
import { type ModuleText, readModuleFiles } from './module-text.ts'

/** Arguments of `import.git`. */
export interface ImportGitArgs {
  readonly repository: string
  readonly path: string
  readonly revision: string
  /** Milliseconds; 0: never again. */
  readonly pull_frequency: number
  readonly basic_auth?: {
    readonly username: string
    readonly password?: string
    readonly password_file?: string
  }
  readonly ssh_key?: {
    readonly username: string
    readonly key?: string
    readonly key_file?: string
    readonly passphrase?: string
  }
}

/** Longest that one git command may take. */
const GIT_TIMEOUT_MS = 60_000
/** Versions that stay on disk: what runs now may still read files of the one before. */
const KEPT_VERSIONS = 3

/**
 * Fetches a revision of a repository with the `git` program and reads the module at `path` in it.
 * @param folder holds one folder per repository, and in it one per version
 * @throws Error with what git says, or with what to do where there is no git
 */
export async function fetchGitModule(args: ImportGitArgs, folder: string): Promise<ModuleText[]> {
  const home = join(
    folder,
    nodeCrypto().createHash('sha256').update(args.repository).digest('hex').slice(0, 12),
  )
  mkdirSync(home, { recursive: true })
  const bare = join(home, 'repository.git')
  const env = environment(args, home)
  if (!existsSync(bare)) await git(['init', '--quiet', '--bare', bare], env)
  const revision = args.revision === '' ? 'HEAD' : args.revision
  if (revision.startsWith('-')) throw new Error(`${JSON.stringify(revision)} is no revision`)
  const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--', args.repository, revision]
  await git(['--git-dir', bare, ...fetch], env)
  const commit = (await git(['--git-dir', bare, 'rev-parse', 'FETCH_HEAD'], env)).trim()
  const version = join(home, commit)
  if (!existsSync(version)) {
    mkdirSync(version)
    await git(
      ['--git-dir', bare, '--work-tree', version, 'checkout', '--quiet', '--force', commit, '--', '.'],
      env,
    )
  }
  removeOldVersions(home)
  const path = resolve(version, args.path)
  if (path !== version && !path.startsWith(version + sep)) {
    throw new Error(`the path ${JSON.stringify(args.path)} leads out of the repository`)
  }
  return readModuleFiles(path)
}

/** Secrets go to git by its environment, since every user can read the arguments of a process. */
function environment(args: ImportGitArgs, home: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, GIT_TERMINAL_PROMPT: '0' }
  if (args.basic_auth !== undefined) {
    const { username, password, password_file: file } = args.basic_auth
    const secret = file
      ? process.getBuiltinModule('node:fs').readFileSync(file, 'utf8').trim()
      : (password ?? '')
    const credentials = Buffer.from(`${username}:${secret}`).toString('base64')
    env.GIT_CONFIG_COUNT = '1'
    env.GIT_CONFIG_KEY_0 = 'http.extraHeader'
    env.GIT_CONFIG_VALUE_0 = `Authorization: Basic ${credentials}`
  }
  if (args.ssh_key !== undefined) {
    const { key, key_file: file, passphrase, username } = args.ssh_key
    if (passphrase) {
      throw new Error('ssh_key with a passphrase is not supported: use a deploy key without one')
    }
    const path = file || join(home, 'ssh-key')
    if (!file) writeFileSync(path, `${(key ?? '').trimEnd()}\n`, { mode: 0o600 })
    const user = username === '' ? '' : ` -l '${username.replaceAll("'", '')}'`
    const quoted = `'${path.replaceAll("'", "'\\''")}'`
    env.GIT_SSH_COMMAND = `ssh -i ${quoted}${user} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new`
  }
  return env
}

function git(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    process
      .getBuiltinModule('node:child_process')
      .execFile('git', args, { env, timeout: GIT_TIMEOUT_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else if (error.code === 'ENOENT') {
          reject(
            new Error('import.git needs the program "git", which is not installed here; use import.file'),
          )
        } else reject(new Error(`git: ${stderr.trim() || error.message.split('\n')[0]}`))
      })
  })
}

function removeOldVersions(home: string): void {
  const versions = readdirSync(home).filter((name) => /^[0-9a-f]{40,64}$/.test(name))
  const byAge = versions
    .map((name) => ({ path: join(home, name), mtimeMs: statSync(join(home, name)).mtimeMs }))
    .sort((a, b) => b.mtimeMs - a.mtimeMs)
  for (const { path } of byAge.slice(KEPT_VERSIONS)) rmSync(path, { recursive: true, force: true })
}
