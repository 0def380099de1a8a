import type { ContainerNetwork, ContainerSummary, NetworkSummary } from './client.ts'

/** A discovered target: its labels by name. */
export type Target = Record<string, string>

/** Settings of discovery.docker that shape its targets. */
export interface TargetOptions {
  /** Port of targets whose container exposes no TCP port. */
  readonly port: number
  readonly hostNetworkingHost: string
  /** Only the first network, by name, of a container that is in several. */
  readonly matchFirstNetwork: boolean
}

const META = '__meta_docker_'

/**
 * Makes targets of containers as Prometheus' Docker discovery does: one per TCP port and network, or one per
 * network. A container without any network has one target too, without an address: its logs are as good as
 * any other's.
 */
export function dockerTargets(
  containers: readonly ContainerSummary[],
  networks: readonly NetworkSummary[],
  options: TargetOptions,
): Target[] {
  const containersById = new Map(containers.map((container) => [container.Id, container]))
  const networksById = new Map(networks.map((network) => [network.Id, network]))
  const targets: Target[] = []
  for (const container of containers) {
    const name = container.Names?.[0]
    if (name === undefined) continue
    const common: Target = {
      [`${META}container_id`]: container.Id,
      [`${META}container_name`]: name,
      [`${META}container_network_mode`]: networkMode(container),
      ...metaLabels('container_label_', container.Labels),
    }
    const attached = attachedNetworks(container, containersById, options.matchFirstNetwork)
    if (attached.length === 0) targets.push({ ...common, __address__: '', [`${META}network_ip`]: '' })
    for (const network of attached) {
      const known = networksById.get(network.NetworkID)
      targets.push(
        ...networkTargets(container, network, { ...common, ...networkLabels(network, known) }, options),
      )
    }
  }
  return targets
}

function networkMode({ HostConfig: config }: ContainerSummary): string {
  return config?.NetworkMode ?? ''
}

function metaLabels(prefix: string, labels: Readonly<Record<string, string>> | null): Target {
  const meta: Target = {}
  for (const [name, value] of Object.entries(labels ?? {})) {
    meta[META + prefix + name.replace(/[^a-zA-Z0-9_]/g, '_')] = value
  }
  return meta
}

function networkLabels(network: ContainerNetwork, known: NetworkSummary | undefined): Target {
  const labels: Target = { [`${META}network_ip`]: network.IPAddress }
  if (known === undefined) return labels
  labels[`${META}network_id`] = known.Id
  labels[`${META}network_name`] = known.Name
  labels[`${META}network_scope`] = known.Scope
  labels[`${META}network_internal`] = String(known.Internal)
  labels[`${META}network_ingress`] = String(known.Ingress)
  return { ...labels, ...metaLabels('network_label_', known.Labels) }
}

/** The container's networks in order of name; one that shares another's network has that one's. */
function attachedNetworks(
  container: ContainerSummary,
  byId: ReadonlyMap<string, ContainerSummary>,
  onlyFirst: boolean,
): ContainerNetwork[] {
  let owner: ContainerSummary | undefined = container
  const seen = new Set<string>()
  while (owner !== undefined && !seen.has(owner.Id)) {
    seen.add(owner.Id)
    const networks = Object.entries(owner.NetworkSettings?.Networks ?? {})
    if (networks.length > 0) {
      networks.sort(([a], [b]) => (a < b ? -1 : 1))
      return (onlyFirst ? networks.slice(0, 1) : networks).map(([, network]) => network)
    }
    const mode: string = networkMode(owner)
    owner = mode.startsWith('container:') ? byId.get(mode.slice('container:'.length)) : undefined
  }
  return []
}

function networkTargets(
  container: ContainerSummary,
  network: ContainerNetwork,
  common: Target,
  options: TargetOptions,
): Target[] {
  const targets: Target[] = []
  for (const port of container.Ports ?? []) {
    if (port.Type !== 'tcp') continue
    const target: Target = {
      ...common,
      __address__: joinHostPort(network.IPAddress, port.PrivatePort),
      [`${META}port_private`]: String(port.PrivatePort),
    }
    if (port.PublicPort) {
      target[`${META}port_public`] = String(port.PublicPort)
      target[`${META}port_public_ip`] = port.IP ?? ''
    }
    targets.push(target)
  }
  if (targets.length > 0) return targets
  const isHost = networkMode(container) === 'host'
  const address = isHost ? options.hostNetworkingHost : joinHostPort(network.IPAddress, options.port)
  return [{ ...common, __address__: address }]
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
