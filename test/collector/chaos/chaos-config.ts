/** What the collector of the chaos is configured to do. */
export interface ChaosConfig {
  /** The engine, as `unix:///…`. */
  readonly dockerHost: string
  /** Where it pushes to, without a path. */
  readonly url: string
  /** Whether `loki.write` writes to disk before it sends. */
  readonly wal: boolean
  readonly batchWait: string
}

/** The text of its config.alloy: the log of every container, and the stream that a line came from. */
export function chaosConfig({ dockerHost, url, wal, batchWait }: ChaosConfig): string {
  return `
discovery.docker "all" {
  host = "${dockerHost}"
  refresh_interval = "5s"
}
discovery.relabel "all" {
  targets = discovery.docker.all.targets
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex = "/(.*)"
    target_label = "container"
  }
}
loki.relabel "stream" {
  forward_to = []
  rule {
    source_labels = ["__meta_docker_container_log_stream"]
    target_label = "stream"
  }
}
loki.source.docker "all" {
  host = "${dockerHost}"
  targets = discovery.relabel.all.output
  relabel_rules = loki.relabel.stream.rules
  forward_to = [loki.write.server.receiver]
}
loki.write "server" {
  wal {
    enabled = ${wal}
  }
  endpoint {
    url = "${url}/loki/api/v1/push"
    batch_wait = "${batchWait}"
    remote_timeout = "2s"
    min_backoff_period = "100ms"
    max_backoff_period = "2s"
    max_backoff_retries = 0
  }
}
`
}
