import { getAt, isRawMap } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import { type Mount, mountsOf, portsOf, type Service, serviceFinding } from './compose-model.ts'
import type { Finding } from './finding.ts'

/**
 * What a compose file lets happen in operation: open ports, lost data, full disks, moving images. Of a file
 * that only overrides another, what is missing is not held against it.
 */
export function operationFindings(
  source: YamlSource,
  services: readonly Service[],
  override: boolean,
): Finding[] {
  const present = [tagRule, portRule, socketRule, ownerRule]
  const rules = override ? present : [...present, dataRule, limitRule, rotationRule, restartRule]
  return services.flatMap((service) => rules.flatMap((rule) => rule(source, service)))
}

function tagRule(source: YamlSource, service: Service): Finding[] {
  const { image, raw } = service
  // An image that is built here is not pulled, so its tag does not move.
  if (image === undefined || image.digest || image.unknown || raw.build !== undefined) return []
  if (image.tag !== undefined && !/^(latest|main|master|edge|nightly)$/.test(image.tag)) return []
  const what =
    image.tag === undefined
      ? `${service.name} has no tag, which means latest`
      : `${service.name} follows the moving tag ${image.tag}`
  return [
    serviceFinding(source, service, ['image'], {
      code: 'compose-image-latest',
      severity: 'warning',
      what,
      why: 'The next pull brings another version, with other defaults, on one machine but not on the other.',
      fix: 'Pin the version you have tested.',
      example: `image: ${image.name}:${EXAMPLE_TAGS[image.name] ?? '1.2.3'}`,
    }),
  ]
}

const EXAMPLE_TAGS: Readonly<Record<string, string>> = { 'grafana/loki': '3.7.0', 'grafana/alloy': 'v1.18.0' }

function portRule(source: YamlSource, service: Service): Finding[] {
  return portsOf(service).flatMap(({ index, address, published, target }) => {
    const open = service.facts?.open ?? (service.facts === undefined && target === '3100')
    const everywhere = address === '' || address === '0.0.0.0' || address === '[::]'
    if (!open || !everywhere) return []
    return [
      serviceFinding(source, service, ['ports', index], {
        code: 'compose-port-open',
        severity: 'warning',
        what:
          `port ${published || target} of ${service.name} is open to the whole network, and it asks for ` +
          `no login`,
        why: 'A published port listens on every address and Docker opens the firewall for it, past ufw.',
        fix: 'Publish it on loopback, or not at all: services of one network reach each other without it.',
        example: `ports:\n  - "127.0.0.1:${published || target}:${target}"`,
      }),
    ]
  })
}

function socketRule(source: YamlSource, service: Service): Finding[] {
  return mountsOf(service)
    .filter((mount) => isDockerSocket(mount) && !mount.readOnly)
    .map(({ index, source: socket, target }) =>
      serviceFinding(source, service, ['volumes', index], {
        code: 'compose-docker-socket',
        severity: 'warning',
        what: `${service.name} has Docker's socket mounted for writing`,
        why: 'Whoever holds the socket is root on the host.',
        fix:
          'Mount it read-only; that guards the file only, not what the API allows. ' +
          'Where that is not enough, put a socket proxy in between that lets GET through and nothing else.',
        example: `volumes:\n  - ${socket}:${target}:ro`,
      }),
    )
}

function isDockerSocket({ source, target }: Mount): boolean {
  return /docker\.sock$/.test(source) || /docker\.sock$/.test(target)
}

/** Mounts that hold data rather than configuration or what is to be read of the host. */
function dataMounts(service: Service): Mount[] {
  return mountsOf(service).filter(
    (mount) =>
      !isDockerSocket(mount) &&
      !mount.readOnly &&
      mount.kind !== 'tmpfs' &&
      !/\.(ya?ml|alloy|river|json|toml|ini)$/.test(mount.target),
  )
}

function dataRule(source: YamlSource, service: Service): Finding[] {
  const data = service.facts?.data
  if (data === undefined || dataMounts(service).length > 0) return []
  return [
    serviceFinding(source, service, ['image'], {
      code: 'compose-data-in-container',
      severity: data.lost,
      what:
        `${service.name} keeps ${data.what} in the container, where the next \`up\` after a change ` +
        `deletes it`,
      why: "Without a volume, data lives in the container's own layer, and compose replaces containers.",
      fix: 'Give it a volume where its configuration keeps the data.',
      example:
        `services:\n  ${service.name}:\n    volumes:\n      - ` +
        `${service.name}-data:${data.path}\nvolumes:\n  ${service.name}-data:`,
    }),
  ]
}

function ownerRule(source: YamlSource, service: Service): Finding[] {
  const uid = service.facts?.uid
  if (uid === undefined || service.raw.user !== undefined) return []
  return dataMounts(service)
    .filter(({ kind }) => kind === 'bind')
    .map((mount) =>
      serviceFinding(source, service, ['volumes', mount.index], {
        code: 'compose-bind-owner',
        severity: 'hint',
        what: `${service.name} runs as user ${uid} and must be able to write to ${mount.source}`,
        why: 'A bind mount keeps the owner it has on the host; a folder that Docker makes belongs to root.',
        fix: 'Give the folder to that user before the first start, or use a named volume.',
        example: `sudo chown -R ${uid}:${uid} ${mount.source}`,
      }),
    )
}

function limitRule(source: YamlSource, service: Service): Finding[] {
  const { raw, name } = service
  const limit = getAt(raw, ['deploy', 'resources', 'limits', 'memory'])
  if (limit !== undefined || raw.mem_limit !== undefined) return []
  return [
    serviceFinding(source, service, [], {
      code: 'compose-no-limits',
      severity: 'hint',
      what: `${name} may take all memory of the host`,
      why: 'Without a limit one service that goes wild makes the kernel kill others.',
      fix: 'Set limits.',
      example: 'deploy:\n  resources:\n    limits:\n      memory: 512M\n      cpus: "1.0"',
    }),
  ]
}

function rotationRule(source: YamlSource, service: Service): Finding[] {
  const { logging } = service.raw
  const driver = isRawMap(logging) ? (logging.driver ?? 'json-file') : 'json-file'
  if (driver !== 'json-file' || getAt(logging, ['options', 'max-size']) !== undefined) return []
  return [
    serviceFinding(source, service, logging === undefined ? [] : ['logging'], {
      code: 'compose-no-log-rotation',
      severity: 'hint',
      what: `the log file of ${service.name} grows until the disk is full`,
      why: "Docker's json-file driver does not rotate unless it is told to (here, or in daemon.json).",
      fix: 'Set a size and a number of files.',
      example: 'logging:\n  driver: json-file\n  options:\n    max-size: 10m\n    max-file: "3"',
    }),
  ]
}

function restartRule(source: YamlSource, service: Service): Finding[] {
  const { raw, name } = service
  if (raw.restart !== undefined || getAt(raw, ['deploy', 'restart_policy']) !== undefined) return []
  return [
    serviceFinding(source, service, [], {
      code: 'compose-no-restart',
      severity: 'hint',
      what: `${name} stays down after a crash or a reboot`,
      why: 'Containers are not restarted unless the file says so.',
      fix: 'Say so; `restart: "no"` for a job that runs once.',
      example: 'restart: unless-stopped',
    }),
  ]
}
