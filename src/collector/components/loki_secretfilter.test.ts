import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { labelsObject, makeLabels } from '#base/labels.ts'
import { type LogsReceiver, makeDelivery } from '../pipeline.ts'
import { validateConfig } from '../runtime/link.ts'
import { makeSecretFinder, redact } from '../secrets/redact.ts'
import { SECRET_RULES } from '../secrets/secret-rules.ts'
import { runComponent } from '../testing/run-component.ts'
import { lokiSecretFilter } from './loki_secretfilter.ts'

interface Out {
  line: string
  labels: Record<string, string>
}

async function run(
  args: Record<string, unknown>,
  lines: readonly string[],
): Promise<{ out: Out[]; metrics: string }> {
  const out: Out[] = []
  const receiver: LogsReceiver = {
    async push({ labels, entries, delivery }) {
      for (const { line } of entries)
        out.push({ line: Buffer.from(line).toString(), labels: labelsObject(labels) })
      delivery.done()
    },
  }
  const component = runComponent(lokiSecretFilter, { forward_to: [receiver], ...args })
  let isDelivered = false
  await (component.exports.receiver as LogsReceiver).push({
    labels: makeLabels({ app: 'x' }),
    entries: lines.map((line) => ({ line: Buffer.from(line), tsMs: 1, tsNs: 0, metadata: [] })),
    delivery: makeDelivery(() => {
      isDelivered = true
    }),
  })
  const metrics = await component.metrics.metrics()
  await component.stop()
  expect(isDelivered).toBe(true)
  return { out, metrics }
}

// Put together here, so that no scanner takes this file for a leak.
const of = (prefix: string, length: number, alphabet = 'Q7kZ3xW9bT2mR5vJ8cH4'): string =>
  prefix + Array.from({ length }, (_, i) => alphabet[(i * 7) % alphabet.length]).join('')
const hex = (prefix: string, length: number): string => of(prefix, length, '0f1e2d3c4b5a6978')
const upper = (prefix: string, length: number): string => of(prefix, length, 'Q7ZX3W5BT2MR6VJCH4AK')

/** For each rule a line with `§` around what must go. */
const SAMPLES: Readonly<Record<string, string>> = {
  'age-secret-key': `k §${of('AGE-SECRET-KEY-1', 58, 'QPZRY9X8GF2TVDW0')}§`,
  'anthropic-api-key': `using §${of('sk-ant-' + 'api03-', 93)}§ now`,
  'atlassian-api-token': `t=§${of('ATATT3', 186)}§`,
  'aws-access-token': `key §${upper('AKIA', 16)}§.`,
  'azure-client-secret': `s §${of('abc8' + 'Q~', 34)}§`,
  'cloudflare-origin-ca-key': `ca §${hex('v1.0-', 24)}-${hex('', 146)}§`,
  'databricks-api-token': `§${hex('dapi', 32)}§`,
  'digitalocean-token': `§${hex('dop_v1_', 64)}§ used`,
  'discord-webhook': `https://discord.com/api/webhooks/123456789012345678/§${of('', 68)}§`,
  'docker-hub-token': `login §${of('dckr_pat_', 27)}§`,
  'doppler-api-token': `§${of('dp.pt.', 43)}§`,
  'dynatrace-api-token': `§${upper('dt0c01.', 24)}.${upper('', 64)}§`,
  'figma-token': `§${of('figd_', 40)}§`,
  'flyio-access-token': `§${of('fm2_', 80)}§`,
  'gcp-api-key': `url?key §${of('AIza', 35)}§&x`,
  'github-token': `clone with §${of('ghp_', 36)}§`,
  'github-fine-grained-pat': `§${of('github_pat_', 82)}§`,
  'gitlab-token': `§${of('glpat-', 20)}§`,
  'google-oauth-token': `§${of('ya29.', 60)}§`,
  'grafana-cloud-token': `§${of('glc_', 64)}§`,
  'grafana-service-account-token': `§${of('glsa_', 32)}_${hex('', 8)}§`,
  'heroku-api-key': `§${of('HRKU-', 40)}§`,
  'huggingface-token': `§${of('hf_', 34)}§`,
  'linear-api-key': `§${of('lin_api_', 40)}§`,
  'mailchimp-api-key': `§${hex('', 32)}-us12§`,
  'mailgun-token': `§${hex('key-', 32)}§`,
  'netlify-token': `§${of('nfp_', 40)}§`,
  'new-relic-key': `§${upper('NRAK-', 27)}§`,
  'notion-token': `§${of('ntn_', 46)}§`,
  'npm-access-token': `§${of('npm_', 36)}§`,
  'openai-api-key': `§${of('sk-proj-', 40)}T3Blbk${of('FJ', 40)}§`,
  'paypal-braintree-token': `§access_token$production$${hex('', 16)}$${hex('', 32)}§`,
  'planetscale-token': `§${of('pscale_tkn_', 43)}§`,
  'postman-api-token': `§${hex('PMAK-', 24)}-${hex('', 34)}§`,
  'pulumi-api-token': `§${hex('pul-', 40)}§`,
  'pypi-upload-token': `§${of('pypi-', 90)}§`,
  'rubygems-api-token': `§${hex('rubygems_', 48)}§`,
  'sendgrid-api-token': `§${of('SG.', 22)}.${of('', 43)}§`,
  'sentry-token': `§${of('sntrys_', 80)}§`,
  'shopify-token': `§${hex('shpat_', 32)}§`,
  'slack-token': `§${of('xoxb-', 40)}§`,
  'slack-app-token': `§xapp-1-${upper('A', 10)}-123456789012-${hex('', 64)}§`,
  'slack-webhook': `https://hooks.slack.com/services/§${upper('T', 10)}/${upper('B', 10)}/${of('', 24)}§`,
  'square-token': `§${of('sq0atp-', 22)}§`,
  'stripe-token': `§${of('sk_live' + '_', 24)}§`,
  'supabase-token': `§${hex('sbp_', 40)}§`,
  'telegram-bot-token': `bot §123456789:${of('AA', 33)}§/send`,
  'terraform-cloud-token': `§${of('', 14)}.atlasv1.${of('', 67)}§`,
  'twilio-api-key': `§${hex('SK', 32)}§`,
  'vault-token': `§${of('hvs.', 40)}§`,
  'authorization-header': `headers {"Authorization":"Bearer §${of('', 30)}§"}`,
  'aws-secret-access-key': `aws_secret = "§${of('', 40)}§"`,
  'azure-storage-key': `AccountName=a;AccountKey=§${of('', 86)}==§;Endpoint=b`,
  'generic-api-key': `api_key: §${of('', 24)}§`,
  jwt: `token §${of('eyJ', 30)}.${of('eyJ', 60)}.${of('', 43)}§`,
  password: `user=bob password=§hunter2§ ok`,
  'private-key': `-----BEGIN RSA PRIVATE KEY-----§\\n${of('', 64)}\\n§-----END RSA PRIVATE KEY-----`,
  'url-credentials': 'dial postgres://app:§s3cr3t§@db:5432/shop failed',
}

const find = makeSecretFinder(SECRET_RULES)

describe('rules', () => {
  test.each(SECRET_RULES.map(({ id }) => id))('%s', async (id) => {
    const [before, secret, after] = SAMPLES[id].split('§')
    const { out } = await run({ redact_with: '<$SECRET_NAME>' }, [before + secret + after])
    expect(out[0].line).toBe(`${before}<${id}>${after}`)
  })

  test('docs/secretfilter.md names every rule and no other', () => {
    const page = readFileSync(new URL('../../../docs/secretfilter.md', import.meta.url), 'utf8').split(
      '## Rules\n',
    )[1]
    const named = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id]) => id)
    expect(named.sort()).toEqual(SECRET_RULES.map(({ id }) => id).sort())
  })

  test.each([
    'level=info msg="password: incorrect for user bob"',
    'GET https://example.com/a?b=c 200 12ms',
    'token expired, secret key rotated',
    'commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904 pushed',
    'they say the key is under the mat @ home',
    'id=7c9e6679-7425-40de-944b-e07fc1f90ae7 api_key=none',
  ])('%s holds no secret', (line) => expect(find(line)).toEqual([]))
})

describe('loki.secretfilter', () => {
  const token = of('ghp_', 36)
  const line = `${token} and postgres://a:pw-pw@h`
  test.each<[Record<string, unknown>, string]>([
    [{}, `${token.slice(0, 8)}... and postgres://a:p...@h`],
    [{ redact_percent: 100 }, 'REDACTED and postgres://a:REDACTED@h'],
    [{ redact_with: '[$SECRET_HASH]' }, '[2b46'],
    [{ rate: 0 }, line],
  ])('%j', async (args, expected) => {
    const { out } = await run(args, [line])
    if (args.redact_with === undefined) expect(out[0].line).toBe(expected)
    else expect(out[0].line).toMatch(/^\[[0-9a-f]{40}\] and postgres:\/\/a:\[[0-9a-f]{40}\]@h$/)
  })

  test('counts what it redacts, by rule and origin', async () => {
    const { metrics, out } = await run({ origin_label: 'app' }, [line, 'plain', line])
    expect(out[1].line).toBe('plain')
    expect(metrics).toContain('loki_secretfilter_secrets_redacted_total 4')
    expect(metrics).toContain('loki_secretfilter_secrets_redacted_by_rule_total{rule="github-token"} 2')
    expect(metrics).toContain('loki_secretfilter_secrets_redacted_by_origin{origin="x"} 4')
  })

  test.each<[Record<string, unknown>, number, string | undefined]>([
    [{ drop_on_timeout: true }, 0, undefined],
    [{ label_timed_out: true }, 1, 'true'],
    [{}, 1, undefined],
  ])('lines that take too long: %j', async (args, count, label) => {
    const { out } = await run({ processing_timeout: 1e-9, ...args }, [line])
    expect(out.length).toBe(count)
    expect(out[0]?.labels.secretfilter_timed_out).toBe(label)
  })

  test.each([
    [{ rate: 2 }, 'rate must be between 0.0 and 1.0'],
    [{ redact_percent: 101 }, 'redact_percent must be between 0 and 100'],
    [{ gitleaks_config: '/nowhere.toml' }, 'gitleaks_config: cannot read the file: ENOENT'],
  ])('%j is refused', (args, message) => {
    expect(() => runComponent(lokiSecretFilter, { forward_to: [], ...args })).toThrow(message)
  })
})

describe('gitleaks_config', () => {
  const dir = mkdtempSync(join(tmpdir(), 'logboom-secretfilter-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'rules.toml')

  test('takes the place of the rules', async () => {
    writeFileSync(path, `[[rules]]\nid = "pin"\nregex = 'pin=(\\d+)'`)
    const { out, metrics } = await run({ gitleaks_config: path, redact_with: '<$SECRET_NAME>' }, [
      'pin=12 password=hunter2',
    ])
    expect(out[0].line).toBe('pin=<pin> password=hunter2')
    expect(metrics).toContain('loki_secretfilter_secrets_redacted_by_rule_total{rule="pin"} 1')
  })

  test('a mistake in it is found without running it, with its place', async () => {
    writeFileSync(path, `title = "x"\n[[rules]]\nid = "pin"\nregex = 'pin=(\\d+'`)
    const text = `loki.secretfilter "a" {
  forward_to      = []
  gitleaks_config = "${path}"
}`
    const files = [{ name: 'config.alloy', text }]
    const [{ message }] = await validateConfig(files, { stability: 'public-preview' })
    expect(message).toContain(`${path}:2: rule 1 "pin": regex: error parsing regexp: missing closing )`)
  })
})

test('what is redacted has none of the secrets left, wherever they stand', () => {
  const samples = Object.values(SAMPLES).map((sample) => sample.replaceAll('§', ''))
  const piece = fc.oneof(fc.constantFrom(...samples), fc.string({ maxLength: 20 }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const line = pieces.join(' ')
      const found = find(line)
      const redacted = redact(line, found, { redactWith: '*', redactPercent: 0 })
      const lost = found.reduce((sum, { from, to }) => sum + (to - from), 0)
      expect(redacted.length).toBe(line.length - lost + found.length)
      for (const [i, secret] of found.entries()) {
        expect(line.slice(secret.from, secret.to)).toBe(secret.text)
        if (i > 0) expect(secret.from).toBeGreaterThanOrEqual(found[i - 1].to)
      }
    }),
    { numRuns: 300 },
  )
})
