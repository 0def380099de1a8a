import type { Allowlist } from './allowlist.ts'
import { regExpPattern, type SecretPattern } from './secret-pattern.ts'

/** How one kind of secret is recognised. */
export interface SecretRule {
  /** What `$SECRET_NAME` and the metrics call it. */
  readonly id: string
  readonly pattern: SecretPattern
  /** Lower-case ASCII texts of which a line must have one; a rule without any looks at every line. */
  readonly keywords: readonly string[]
  /** A secret has more Shannon entropy, in bits per character: rules words out where a pattern is wide. */
  readonly minEntropy?: number
  /** What the rule does not count. */
  readonly allowlists?: readonly Allowlist[]
}

const rule = (id: string, regExp: RegExp, ...keywords: string[]): SecretRule => ({
  id,
  pattern: regExpPattern(regExp),
  keywords,
})

/** Tokens of services that begin with a mark of their own, as their makers document them. */
const SERVICE_TOKENS: readonly SecretRule[] = [
  rule('age-secret-key', /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/g, 'age-secret-key-1'),
  rule('anthropic-api-key', /\bsk-ant-[a-z0-9]{1,20}-[\w-]{80,120}/g, 'sk-ant-'),
  rule('atlassian-api-token', /\bATATT3[\w=-]{180,200}/g, 'atatt3'),
  rule('aws-access-token', /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g, 'akia', 'asia', 'abia', 'acca'),
  rule('azure-client-secret', /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}/g, 'q~'),
  rule('cloudflare-origin-ca-key', /\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}\b/g, 'v1.0-'),
  rule('databricks-api-token', /\bdapi[0-9a-f]{32}(?:-\d)?\b/g, 'dapi'),
  rule('digitalocean-token', /\bdo[opr]_v1_[0-9a-f]{64}\b/g, '_v1_'),
  rule(
    'discord-webhook',
    /discord(?:app)?\.com\/api\/webhooks\/\d{15,22}\/([\w-]{60,80})/g,
    '/api/webhooks/',
  ),
  rule('docker-hub-token', /\bdckr_(?:pat|oat)_[\w-]{27,32}/g, 'dckr_'),
  rule('doppler-api-token', /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,80}/g, 'dp.'),
  rule('dynatrace-api-token', /\bdt0[a-z]\d{2}\.[A-Z2-7]{24}\.[A-Z2-7]{64}\b/g, 'dt0'),
  rule('figma-token', /\bfigd_[\w-]{36,48}/g, 'figd_'),
  rule('flyio-access-token', /\bfm[12][ar]?_[A-Za-z0-9+/=_-]{50,}/g, 'fm1', 'fm2'),
  rule('gcp-api-key', /\bAIza[\w-]{35}(?![\w-])/g, 'aiza'),
  rule('github-token', /\bgh[pousr]_[0-9A-Za-z]{36,255}\b/g, 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'),
  rule('github-fine-grained-pat', /\bgithub_pat_\w{82}\b/g, 'github_pat_'),
  rule(
    'gitlab-token',
    /\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|oas|soat|agent|ffct)-[\w.-]{20,60}/g,
    ...['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glft-', 'glimt-', 'gloas-', 'glsoat-', 'glagent-'],
    'glffct-',
  ),
  rule('google-oauth-token', /\bya29\.[\w-]{20,}/g, 'ya29.'),
  rule('grafana-cloud-token', /\bglc_[A-Za-z0-9+/]{32,400}={0,2}/g, 'glc_'),
  rule('grafana-service-account-token', /\bglsa_[A-Za-z0-9]{32}_[0-9a-f]{8}\b/gi, 'glsa_'),
  rule('heroku-api-key', /\bHRKU-[\w-]{36,64}/g, 'hrku-'),
  rule('huggingface-token', /\b(?:hf_[A-Za-z0-9]{34}|api_org_[A-Za-z0-9]{34})\b/g, 'hf_', 'api_org_'),
  rule('linear-api-key', /\blin_(?:api|oauth)_[0-9A-Za-z]{32,64}\b/g, 'lin_api_', 'lin_oauth_'),
  rule('mailchimp-api-key', /\b[0-9a-f]{32}-us\d{1,2}\b/g, ...[...'123456789'].map((digit) => `-us${digit}`)),
  rule('mailgun-token', /\b(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b/g, 'key-', 'mailgun'),
  rule('netlify-token', /\bnfp_[\w-]{36,48}/g, 'nfp_'),
  rule('new-relic-key', /\bNR(?:AK|AA|RA|II)-[A-Za-z0-9-]{27,42}/g, 'nrak-', 'nraa-', 'nrra-', 'nrii-'),
  rule('notion-token', /\bntn_[0-9A-Za-z]{40,60}\b/g, 'ntn_'),
  rule('npm-access-token', /\bnpm_[0-9A-Za-z]{36}\b/g, 'npm_'),
  rule('openai-api-key', /\bsk-(?:proj-|svcacct-|admin-)?[\w-]{20,90}T3BlbkFJ[\w-]{20,90}/g, 't3blbkfj'),
  rule('paypal-braintree-token', /access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}/g, 'access_token$'),
  rule('planetscale-token', /\bpscale_(?:tkn|pw|oauth)_[\w.=-]{32,64}/g, 'pscale_'),
  rule('postman-api-token', /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b/g, 'pmak-'),
  rule('pulumi-api-token', /\bpul-[0-9a-f]{40}\b/g, 'pul-'),
  rule('pypi-upload-token', /\bpypi-[\w-]{50,1000}/g, 'pypi-'),
  rule('rubygems-api-token', /\brubygems_[0-9a-f]{48}\b/g, 'rubygems_'),
  rule('sendgrid-api-token', /\bSG\.[\w-]{16,32}\.[\w-]{16,64}/g, 'sg.'),
  rule('sentry-token', /\bsntr[yu]s?_[\w=+/.-]{40,400}/g, 'sntry', 'sntru'),
  rule('shopify-token', /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b/g, 'shpat_', 'shpca_', 'shppa_', 'shpss_'),
  rule('slack-token', /\bxox[abceoprs]-[0-9A-Za-z-]{10,250}/g, 'xox'),
  rule('slack-app-token', /\bxapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[0-9a-f]{32,80}/gi, 'xapp-'),
  rule(
    'slack-webhook',
    /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/+-]{40,60})/g,
    'hooks.slack.com',
  ),
  rule('square-token', /\b(?:sq0(?:atp|csp|idp)-[\w-]{22,43}|EAAA[\w-]{60})/g, 'sq0', 'eaaa'),
  rule(
    'stripe-token',
    /\b(?:(?:sk|rk)_(?:live|test|prod)_[0-9A-Za-z]{10,250}|whsec_[0-9A-Za-z+/=]{24,64})/g,
    ...['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_', 'whsec_'],
  ),
  rule('supabase-token', /\bsb(?:p|_secret)_[0-9A-Za-z_-]{30,60}/g, 'sbp_', 'sb_secret_'),
  rule('telegram-bot-token', /\b\d{8,10}:AA[\w-]{33}(?![\w-])/g, ':aa'),
  rule('terraform-cloud-token', /\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}/g, '.atlasv1.'),
  rule('twilio-api-key', /\bSK[0-9a-f]{32}\b/g, ...[...'0123456789abcdef'].map((digit) => `sk${digit}`)),
  rule('vault-token', /\bhv[sbr]\.[\w-]{24,300}/g, 'hvs.', 'hvb.', 'hvr.'),
]

const NAMES = [
  ...['api[_-]?key', 'apikey', 'access[_-]?key', 'secret[_-]?key', 'private[_-]?key', 'client[_-]?secret'],
  ...['auth[_-]?token', 'access[_-]?token', 'refresh[_-]?token'],
].join('|')
const NAMED_SECRET = new RegExp(
  `(?:${NAMES})["'\\\\]{0,3}\\s{0,3}[=:]\\s{0,3}["'\\\\]{0,3}([\\w.+/=~-]{10,300})`,
  'gi',
)
const PASSWORD = new RegExp(
  '(?:password|passwd|passphrase)' +
    // An equals sign, or the colon of JSON: prose has colons, too.
    '(?:["\'\\\\]{0,3}\\s{0,3}=\\s{0,3}|["\\\\]{1,3}\\s{0,3}:\\s{0,3})' +
    '["\'\\\\]{0,3}([^\\s"\'\\\\,;&}]{4,200})',
  'gi',
)

/** Secrets that are recognised by what stands around them. */
const CONTEXTS: readonly SecretRule[] = [
  rule(
    'authorization-header',
    /authorization["'\\]{0,3}\s?[:=]\s?["'\\]{0,3}(?:bearer|basic|token)\s{1,3}([\w+/=.~-]{8,4096})/gi,
    'authorization',
  ),
  {
    ...rule(
      'aws-secret-access-key',
      /aws.{0,20}?(?:secret|key)["'\\\s:=]{1,8}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
      'aws',
    ),
    minEntropy: 3.5,
  },
  rule(
    'azure-storage-key',
    /(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{43,86}={1,2})/g,
    'accountkey',
    'accesskey',
  ),
  {
    ...rule(
      'generic-api-key',
      NAMED_SECRET,
      ...[
        'api_key',
        'api-key',
        'apikey',
        'access_key',
        'access-key',
        'accesskey',
        'secret_key',
        'secret-key',
      ],
      ...['secretkey', 'private_key', 'private-key', 'privatekey', 'client_secret', 'client-secret'],
      ...['clientsecret', '_token', '-token', 'authtoken', 'accesstoken', 'refreshtoken'],
    ),
    minEntropy: 3.2,
  },
  rule('jwt', /\bey[\w-]{17,4000}\.ey[\w/-]{17,8000}\.[\w/-]{10,2000}={0,2}/g, 'eyj'),
  rule('password', PASSWORD, ...['password', 'passwd', 'passphrase']),
  rule(
    'private-key',
    /-----BEGIN[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----([\s\S]{16,16384}?)(?:-----END|$)/g,
    'private key',
  ),
  rule('url-credentials', /\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/@"']{0,100}:([^\s/@"']{1,200})@/gi, '@'),
]

/** All rules. Documented in docs/secretfilter.md. */
export const SECRET_RULES: readonly SecretRule[] = [...SERVICE_TOKENS, ...CONTEXTS]
