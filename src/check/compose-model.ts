import { isRawMap, type RawMap } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import { factsForCommand, type ImageFacts, imageFacts } from './compose-images.ts'
import { FILE_START, type Finding } from './finding.ts'
import { keyPlace } from './yaml.ts'

/** A service of a compose file with what is known about its image. */
export interface Service {
  readonly name: string
  readonly raw: RawMap
  readonly image: Image | undefined
  readonly facts: ImageFacts | undefined
}

/** An image reference, variables replaced by their defaults. */
export interface Image {
  /** Without tag: `grafana/loki`, `ghcr.io/org/app`. */
  readonly name: string
  /** `undefined` without one. */
  readonly tag: string | undefined
  /** Pinned by `@sha256:…`. */
  readonly digest: boolean
  /** The tag is a variable without a default, so nothing can be said about it. */
  readonly unknown: boolean
}

/** The services of a file, those that are mappings. */
export function servicesOf(source: YamlSource): Service[] {
  const { services } = source.value as RawMap
  if (!isRawMap(services)) return []
  return Object.entries(services).flatMap(([name, raw]) => {
    if (!isRawMap(raw)) return []
    const image = typeof raw.image === 'string' ? parseImage(raw.image) : undefined
    const words = [raw.entrypoint, raw.command].flat().map(String).join(' ')
    return [{ name, raw, image, facts: factsForCommand(image && imageFacts(image), words) }]
  })
}

/**
 * What a service of a whole file nearly always has one of, and one that only overrides another file's does
 * not.
 */
const OWN_KEYS = ['ports', 'volumes', 'networks', 'depends_on', 'restart', 'logging', 'deploy', 'environment']

/**
 * Whether a file only changes parts of another one (`docker compose -f docker-compose.yml -f this.yml`), so
 * that what it leaves out says nothing. Told by a name such as `docker-compose.grafana.yml` and by what its
 * services lack.
 */
export function isOverride(path: string, services: readonly Service[]): boolean {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  if (!/^(docker-)?compose\.[^.]+\.ya?ml$/i.test(name)) return false
  return !services.some(({ raw }) => OWN_KEYS.some((key) => raw[key] !== undefined))
}

/** Splits an image reference as `docker pull` reads it. */
export function parseImage(text: string): Image {
  const plain = withDefaults(text)
  const [reference, digest] = plain.split('@', 2)
  const slash = reference.lastIndexOf('/')
  const colon = reference.indexOf(':', slash + 1)
  const name = colon === -1 ? reference : reference.slice(0, colon)
  const tag = colon === -1 ? undefined : reference.slice(colon + 1)
  return { name, tag, digest: digest !== undefined, unknown: plain.includes('${') || plain.endsWith(':') }
}

/** Replaces `${VAR:-default}` and `${VAR-default}` by the default; other variables stay. */
export function withDefaults(text: string): string {
  return text.replace(/\$\{\w+:?-([^{}]*)\}/g, '$1')
}

/** Makes findings about a service; `keys` lead to the place below it. */
export function serviceFinding(
  source: YamlSource,
  service: Service,
  keys: readonly (string | number)[],
  rest: Omit<Finding, 'line' | 'column'>,
): Finding {
  const place = keyPlace(source, ['services', service.name, ...keys])
  return { ...(place ?? FILE_START), ...rest }
}

/** Where a service keeps something of the host or of a volume. */
export interface Mount {
  readonly index: number
  readonly source: string
  readonly target: string
  readonly kind: 'bind' | 'volume' | 'tmpfs' | 'anonymous'
  readonly readOnly: boolean
}

/** The `volumes` of a service in either syntax. */
export function mountsOf({ raw }: Service): Mount[] {
  if (!Array.isArray(raw.volumes)) return []
  return raw.volumes.flatMap((entry: unknown, index): Mount[] => {
    if (typeof entry === 'string') return [shortMount(withDefaults(entry), index)]
    if (!isRawMap(entry) || typeof entry.target !== 'string') return []
    const source = typeof entry.source === 'string' ? withDefaults(entry.source) : ''
    const named = entry.type === 'bind' || entry.type === 'tmpfs' ? entry.type : 'volume'
    const kind = named === 'volume' && source === '' ? 'anonymous' : named
    return [{ index, source, target: entry.target, kind, readOnly: entry.read_only === true }]
  })
}

function shortMount(entry: string, index: number): Mount {
  const [first, second, mode = ''] = entry.split(':')
  if (second === undefined) return { index, source: '', target: first, kind: 'anonymous', readOnly: false }
  const kind = /^[./~$]/.test(first) ? 'bind' : 'volume'
  return { index, source: first, target: second, kind, readOnly: mode.split(',').includes('ro') }
}

/** A port that a service publishes on the host. */
export interface PublishedPort {
  readonly index: number
  /** Address on the host; empty for all of them. */
  readonly address: string
  readonly published: string
  readonly target: string
}

/** The `ports` of a service in either syntax. */
export function portsOf({ raw }: Service): PublishedPort[] {
  if (!Array.isArray(raw.ports)) return []
  return raw.ports.flatMap((entry: unknown, index): PublishedPort[] => {
    if (isRawMap(entry)) {
      const published = entry.published === undefined ? '' : withDefaults(String(entry.published))
      const address = typeof entry.host_ip === 'string' ? withDefaults(entry.host_ip) : ''
      return [{ index, address, published, target: String(entry.target ?? '') }]
    }
    const text = withDefaults(String(entry)).replace(/\/(tcp|udp|sctp)$/, '')
    const match = /^(?:(\[[^\]]+\]|[^:]*):)?(?:([^:]*):)?([^:]+)$/.exec(text)
    if (match === null) return []
    const [, a, b, target] = match
    // `3100:3100` has no address: what matched first is the host port.
    if (b === undefined) return [{ index, address: '', published: a ?? '', target }]
    return [{ index, address: a ?? '', published: b, target }]
  })
}
