import { nearest } from '#base/suggest.ts'
import { isRawMap, type RawMap } from '#config/tree.ts'
import type { YamlSource } from '#config/yaml-source.ts'
import { mountsOf, type Service } from './compose-model.ts'
import type { Finding } from './finding.ts'
import { keyPlace } from './yaml.ts'

const TOP = 'name version services networks volumes configs secrets include models'.split(' ')

/** The keys of a service in the Compose Specification. */
const SERVICE = (
  'annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs ' +
  'container_name ' +
  'cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset ' +
  'credential_spec ' +
  'depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint ' +
  'env_file ' +
  'environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ' +
  'ipc ' +
  'isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness ' +
  'memswap_limit ' +
  'models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start ' +
  'pre_stop ' +
  'privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets ' +
  'security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits ' +
  'use_api_socket user userns_mode uts volumes volumes_from working_dir'
).split(' ')

const HEALTHCHECK = 'disable interval retries test timeout start_period start_interval'.split(' ')
const LOGGING = 'driver options'.split(' ')
const DEPLOY =
  'mode endpoint_mode replicas labels rollback_config update_config resources restart_policy placement'.split(
    ' ',
  )

/** Keys that compose does not know, and names that point nowhere: it refuses the file. */
export function keyFindings(source: YamlSource, services: readonly Service[]): Finding[] {
  const root = source.value as RawMap
  const findings = unknownKeys(source, [], root, TOP)
  for (const { name, raw } of services) {
    const path = ['services', name]
    findings.push(...unknownKeys(source, path, raw, SERVICE))
    findings.push(...unknownKeys(source, [...path, 'healthcheck'], raw.healthcheck, HEALTHCHECK))
    findings.push(...unknownKeys(source, [...path, 'logging'], raw.logging, LOGGING))
    findings.push(...unknownKeys(source, [...path, 'deploy'], raw.deploy, DEPLOY))
  }
  return [
    ...findings,
    ...undefinedVolumes(source, root, services),
    ...undefinedNetworks(source, root, services),
  ]
}

function unknownKeys(
  source: YamlSource,
  path: readonly string[],
  value: unknown,
  known: readonly string[],
): Finding[] {
  if (!isRawMap(value)) return []
  return Object.keys(value)
    .filter((key) => !known.includes(key) && !key.startsWith('x-') && key !== '<<')
    .map((key) => {
      const near = nearest(key, known)
      return {
        code: 'compose-unknown-key',
        severity: 'error' as const,
        ...keyPlace(source, [...path, key]),
        what: `\`${[...path, key].join('.')}\` is not a key of a compose file`,
        why:
          'Compose reads its file strictly and refuses keys it does not know, except those that begin ' +
          'with x-.',
        fix: near === undefined ? 'Remove it.' : `Did you mean \`${near}\`?`,
      }
    })
}

function undefinedVolumes(source: YamlSource, root: RawMap, services: readonly Service[]): Finding[] {
  const defined = isRawMap(root.volumes) ? root.volumes : {}
  return services.flatMap((service) =>
    mountsOf(service)
      .filter(
        ({ kind, source: volume }) => kind === 'volume' && !(volume in defined) && !volume.includes('$'),
      )
      .map((mount) =>
        undefinedName(source, ['services', service.name, 'volumes', mount.index], 'volume', mount.source),
      ),
  )
}

function undefinedNetworks(source: YamlSource, root: RawMap, services: readonly Service[]): Finding[] {
  const defined = isRawMap(root.networks) ? root.networks : {}
  return services.flatMap(({ name, raw }) => {
    const { networks } = raw
    const used = Array.isArray(networks)
      ? networks.map(String)
      : isRawMap(networks)
        ? Object.keys(networks)
        : []
    return used
      .filter((network) => network !== 'default' && !(network in defined))
      .map((network) => undefinedName(source, ['services', name, 'networks', network], 'network', network))
  })
}

function undefinedName(
  source: YamlSource,
  path: (string | number)[],
  kind: 'volume' | 'network',
  name: string,
): Finding {
  return {
    code: 'compose-undefined',
    severity: 'error',
    ...keyPlace(source, path),
    what: `the ${kind} ${name} is used but not defined`,
    why: `Compose makes a ${kind} only when the file has it under \`${kind}s\`.`,
    fix: 'Define it.',
    example: `${kind}s:\n  ${name}:`,
  }
}
