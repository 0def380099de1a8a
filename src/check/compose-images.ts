/** Programs a health check may want to run. */
export type Tool = 'sh' | 'bash' | 'wget' | 'curl' | 'nc'

/** What is known about a published image. */
export interface ImageFacts {
  /** How people call it. */
  readonly title: string
  readonly tools: ReadonlySet<Tool>
  /** Whether the image brings a HEALTHCHECK of its own. */
  readonly ownHealthcheck: boolean
  /** Anyone who reaches its port may use it: no login. */
  readonly open: boolean
  /** Where it keeps what must survive the container; absent where nothing must. */
  readonly data?: { readonly path: string; readonly what: string; readonly lost: 'warning' | 'hint' }
  /** The user it runs as, where a bind mount has to belong to it. */
  readonly uid?: number
  /** A health check that works in it. */
  readonly healthcheck?: string
}

/** The parts of an image reference that the facts depend on. */
export interface ImageName {
  readonly name: string
  readonly tag: string | undefined
}

type Version = readonly [major: number, minor: number, patch: number]

const NEWEST: Version = [999, 0, 0]

/** The facts about an image; `undefined` for images nothing is known of. */
export function imageFacts({ name, tag = 'latest' }: ImageName): ImageFacts | undefined {
  const short = name
    .replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io)\//, '')
    .replace(/^library\//, '')
  const version = versionOf(tag)
  if (short === 'grafana/loki') return loki(version)
  if (short === 'grafana/alloy') return ALLOY
  if (short === 'grafana/grafana' || short === 'grafana/grafana-oss') return GRAFANA
  if (/^(quay\.io\/prometheus|prom)\/prometheus$/.test(short)) return prometheus(tag)
  if (/(^|\/)logboom$/.test(short)) return LOGBOOM
  if (/^gcr\.io\/distroless\//.test(short))
    return plain('a distroless image', tag.includes('debug') ? ['sh', 'wget', 'nc'] : [])
  if (/^(node|python)$/.test(short) && /slim/.test(tag))
    return plain(`the image ${short}:${tag}`, ['sh', 'bash'])
  if (/^(debian|ubuntu)$/.test(short)) return plain(`the image ${short}`, ['sh', 'bash'])
  if (/^(alpine|busybox)$/.test(short)) return plain(`the image ${short}`, ['sh', 'wget', 'nc'])
  return undefined
}

/** Reads `3`, `3.7`, `v3.7.1-amd64`; anything else counts as the newest. */
export function versionOf(tag: string): Version {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-|$)/.exec(tag)
  if (match === null) return NEWEST
  // `3` and `3.7` move with the newest release of that line.
  return [Number(match[1]), Number(match[2] ?? 999), Number(match[3] ?? 999)]
}

/** Whether a version is at least another. */
export function atLeast(version: Version, [major, minor, patch]: Version): boolean {
  return version[0] - major || version[1] - minor || version[2] - patch
    ? (version[0] - major || version[1] - minor || version[2] - patch) > 0
    : true
}

/** Loki answers to `-health` since this version. */
export const LOKI_HEALTH_FLAG: Version = [3, 7, 0]
/** Loki's image has had no shell, and so no wget, since this version. */
const LOKI_WITHOUT_SHELL: Version = [3, 5, 8]

function loki(version: Version): ImageFacts {
  const bare = atLeast(version, LOKI_WITHOUT_SHELL)
  return {
    title: bare ? 'the image grafana/loki (3.5.8 and later)' : 'the image grafana/loki',
    tools: new Set<Tool>(bare ? [] : ['sh', 'wget', 'nc']),
    ownHealthcheck: false,
    open: true,
    data: { path: '/loki', what: 'all logs', lost: 'warning' },
    uid: 10001,
    healthcheck: bare
      ? 'image: grafana/loki:3.7.0   # or later\nhealthcheck:\n  test: ["CMD", "/usr/bin/loki", "-health"]'
      : 'healthcheck:\n  test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3100/ready"]',
  }
}

const ALLOY: ImageFacts = {
  title: 'the image grafana/alloy',
  tools: new Set<Tool>(['sh', 'bash']),
  ownHealthcheck: false,
  open: true,
  data: { path: '/var/lib/alloy/data', what: 'how far each log was read', lost: 'hint' },
  healthcheck: [
    'healthcheck:',
    '  test:',
    '    - CMD',
    '    - bash',
    '    - -c',
    '    - >-',
    '      exec 3<>/dev/tcp/127.0.0.1/12345',
    "      && printf 'GET /-/ready HTTP/1.0\\r\\n\\r\\n' >&3",
    "      && grep -q ' 200 ' <&3",
  ].join('\n'),
}

const GRAFANA: ImageFacts = {
  title: 'the image grafana/grafana',
  tools: new Set<Tool>(['sh', 'bash', 'wget', 'curl', 'nc']),
  ownHealthcheck: false,
  open: false,
  uid: 472,
}

const LOGBOOM: ImageFacts = {
  title: "Logboom's image",
  tools: new Set<Tool>(['sh', 'bash']),
  ownHealthcheck: true,
  open: true,
  data: { path: '/loki', what: 'all logs', lost: 'warning' },
  uid: 10001,
  healthcheck: 'healthcheck:\n  test: ["CMD", "logboom", "health"]',
}

/**
 * Logboom's image plays several parts: the store keeps logs, the collector its positions, other programs
 * nothing.
 */
export function factsForCommand(facts: ImageFacts | undefined, words: string): ImageFacts | undefined {
  if (facts !== LOGBOOM || /\b(serve|up)\b/.test(words)) return facts
  if (/\bcollect\b/.test(words)) return { ...facts, data: ALLOY.data }
  return { ...facts, data: undefined, open: false }
}

function prometheus(tag: string): ImageFacts {
  return {
    title: 'the image prom/prometheus',
    tools: new Set<Tool>(/distroless/.test(tag) ? [] : ['sh', 'wget', 'nc']),
    ownHealthcheck: false,
    open: true,
    uid: 65534,
    healthcheck:
      'healthcheck:\n  test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/ready"]',
  }
}

function plain(title: string, tools: readonly Tool[]): ImageFacts {
  return { title, tools: new Set(tools), ownHealthcheck: false, open: false }
}
