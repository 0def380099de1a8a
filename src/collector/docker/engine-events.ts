import type { DockerEvent, Filters } from './client.ts'

/** What Podman calls the events of a container: it filters by these names, whichever API is spoken. */
const PODMAN_NAMES: ReadonlyMap<string, string> = new Map([
  ['die', 'died'],
  ['destroy', 'remove'],
])
const DOCKER_NAMES: ReadonlyMap<string, string> = new Map(
  [...PODMAN_NAMES].map(([docker, podman]) => [podman, docker]),
)

/** The same filters in Podman's names, too (seen with 4.3); Docker ignores names that it does not have. */
export function withPodmanNames(filters: Filters): Filters {
  const { event = [] } = filters
  if (event.length === 0) return filters
  return { ...filters, event: [...event, ...event.flatMap((name) => PODMAN_NAMES.get(name) ?? [])] }
}

/** The event with Docker's name for what happened. */
export function withDockerName(event: DockerEvent): DockerEvent {
  const name = DOCKER_NAMES.get(event.Action ?? '')
  return name === undefined ? event : { ...event, Action: name }
}
