import { describe, expect, test } from 'vitest'
import type { ContainerSummary, NetworkSummary } from './client.ts'
import { makeRecentContainers } from './recent-containers.ts'
import { dockerTargets } from './targets.ts'

const network = (name: string, extra: Partial<NetworkSummary> = {}): NetworkSummary => ({
  ...{ Id: `net-${name}`, Name: name, Scope: 'local', Internal: false, Ingress: false, Labels: {} },
  ...extra,
})
const container = (name: string, extra: Partial<ContainerSummary> = {}): ContainerSummary => ({
  ...{ Id: `id-${name}`, Names: [`/${name}`], State: 'running', Labels: {}, Ports: [] },
  HostConfig: { NetworkMode: 'front' },
  NetworkSettings: { Networks: { front: { NetworkID: 'net-front', IPAddress: '172.20.0.2' } } },
  ...extra,
})
const options = { port: 80, hostNetworkingHost: 'localhost', matchFirstNetwork: true }
const networks = [network('front', { Labels: { 'com.example/x': 'y' } }), network('back', { Internal: true })]
const addresses = (containers: ContainerSummary[], settings = options): string[] =>
  dockerTargets(containers, networks, settings).map(({ __address__: address }) => address)
const tcp = (port: number, publicPort?: number): { PrivatePort: number; Type: string } => ({
  ...{ PrivatePort: port, Type: 'tcp' },
  ...(publicPort === undefined ? {} : { PublicPort: publicPort, IP: '127.0.0.1' }),
})

describe('targets of a Docker Engine', () => {
  test('carry every label', () => {
    const labels = { 'com.docker.compose.service': 'web', 'a-b': 'c' }
    expect(
      dockerTargets([container('web', { Labels: labels, Ports: [tcp(8080, 80)] })], networks, options),
    ).toEqual([
      {
        __address__: '172.20.0.2:8080',
        __meta_docker_container_id: 'id-web',
        __meta_docker_container_name: '/web',
        __meta_docker_container_network_mode: 'front',
        __meta_docker_container_label_com_docker_compose_service: 'web',
        __meta_docker_container_label_a_b: 'c',
        __meta_docker_network_id: 'net-front',
        __meta_docker_network_name: 'front',
        __meta_docker_network_scope: 'local',
        __meta_docker_network_internal: 'false',
        __meta_docker_network_ingress: 'false',
        __meta_docker_network_label_com_example_x: 'y',
        __meta_docker_network_ip: '172.20.0.2',
        __meta_docker_port_private: '8080',
        __meta_docker_port_public: '80',
        __meta_docker_port_public_ip: '127.0.0.1',
      },
    ])
  })

  test('are one per TCP port, or one with the default port', () => {
    const udp = { PrivatePort: 53, Type: 'udp' }
    expect(addresses([container('a', { Ports: [tcp(1), udp, tcp(2)] })])).toEqual([
      '172.20.0.2:1',
      '172.20.0.2:2',
    ])
    expect(addresses([container('a', { Ports: [udp] })])).toEqual(['172.20.0.2:80'])
    expect(addresses([container('a', { Ports: null })])).toEqual(['172.20.0.2:80'])
  })

  test('are of the first network by name, or of all', () => {
    const both = container('a', {
      NetworkSettings: {
        Networks: {
          front: { NetworkID: 'net-front', IPAddress: '10.0.0.1' },
          back: { NetworkID: 'net-back', IPAddress: 'fd00::1' },
        },
      },
    })
    expect(addresses([both])).toEqual(['[fd00::1]:80'])
    expect(addresses([both], { ...options, matchFirstNetwork: false })).toEqual([
      '[fd00::1]:80',
      '10.0.0.1:80',
    ])
  })

  test('of a container in another one’s network have its address', () => {
    const side = container('side', {
      HostConfig: { NetworkMode: 'container:id-a' },
      NetworkSettings: { Networks: {} },
    })
    expect(addresses([side, container('a')])).toEqual(['172.20.0.2:80', '172.20.0.2:80'])
  })

  test('of the host’s network have its name, and without any network there is a target too', () => {
    const onHost = container('h', {
      HostConfig: { NetworkMode: 'host' },
      NetworkSettings: { Networks: { host: { NetworkID: 'net-host', IPAddress: '' } } },
    })
    expect(addresses([onHost])).toEqual(['localhost'])
    const loop = { HostConfig: { NetworkMode: 'container:id-n' }, NetworkSettings: null }
    expect(addresses([container('n', loop)])).toEqual([''])
  })

  test('of an engine that does not say how a container is connected, as Podman does not', () => {
    const silent = { HostConfig: undefined, NetworkSettings: null }
    expect(addresses([container('p', silent)])).toEqual([''])
  })

  test('a container without a name is none', () => {
    expect(addresses([container('a', { Names: null }), container('b', { Names: [] })])).toEqual([])
  })
})

test('containers are kept in mind for ten seconds after an event, until they are removed', () => {
  let now = 0
  const recent = makeRecentContainers(() => now)
  recent.note('a', 'start')
  now = 6000
  recent.note('b', 'die')
  recent.note('c', 'start')
  recent.note('c', 'destroy')
  expect(recent.ids()).toEqual(['a', 'b'])
  expect(recent.nextExpiryMs()).toBe(4000)
  recent.asked(['a'])
  now = 10_000
  expect(recent.ids()).toEqual(['b'])
  now = 20_000
  // Nobody could ask for it meanwhile.
  expect(recent.ids()).toEqual(['b'])
  recent.asked(['b'])
  expect(recent.ids()).toEqual([])
})
