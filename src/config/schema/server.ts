import { anything, bool, csv, goDuration, int, section, text } from '../fields.ts'

/** `server`: the HTTP listener. Keys of Loki's gRPC side are taken and ignored. */
export const serverSchema = section(
  {
    goType: 'server.Config',
    tolerate: /^(?:grpc_|log_|trace_|tls_|cluster_validation|proxy_protocol|create_new_traces)/,
  },
  {
    http_listen_network: text('tcp', 'server.http-listen-network'),
    http_listen_address: text('', 'server.http-listen-address'),
    http_listen_port: int(3100, 'server.http-listen-port'),
    http_listen_conn_limit: int(0, 'server.http-conn-limit'),
    grpc_listen_network: text('tcp', 'server.grpc-listen-network'),
    grpc_listen_address: text('', 'server.grpc-listen-address'),
    grpc_listen_port: int(9095, 'server.grpc-listen-port'),
    grpc_listen_conn_limit: int(0, 'server.grpc-conn-limit'),
    grpc_server_max_recv_msg_size: int(4_194_304, 'server.grpc-max-recv-msg-size-bytes'),
    grpc_server_max_send_msg_size: int(4_194_304, 'server.grpc-max-send-msg-size-bytes'),
    grpc_server_max_concurrent_streams: int(100, 'server.grpc-max-concurrent-streams'),
    http_server_read_timeout: goDuration('30s', 'server.http-read-timeout'),
    http_server_read_header_timeout: goDuration('0s', 'server.http-read-header-timeout'),
    http_server_write_timeout: goDuration('30s', 'server.http-write-timeout'),
    http_server_idle_timeout: goDuration('2m', 'server.http-idle-timeout'),
    graceful_shutdown_timeout: goDuration('30s', 'server.graceful-shutdown-timeout'),
    http_path_prefix: text('', 'server.path-prefix'),
    log_level: text('info', 'log.level'),
    log_format: text('json', 'log.format'),
    http_tls_config: section(
      { goType: 'server.TLSConfig' },
      {
        cert: text(''),
        key: text(''),
        client_ca: text(''),
        cert_file: text('', 'server.http-tls-cert-path'),
        key_file: text('', 'server.http-tls-key-path'),
        client_auth_type: text('', 'server.http-tls-client-auth'),
        client_ca_file: text('', 'server.http-tls-ca-path'),
      },
    ),
    register_instrumentation: bool(true, 'server.register-instrumentation'),
  },
)

/**
 * A ring as several sections carry it: one node needs none of it, but its store decides whether Loki would
 * start.
 */
export const ringSchema = section(
  { goType: 'ring.Config', tolerate: /./ },
  {
    kvstore: section(
      { goType: 'kv.Config', tolerate: /./ },
      { store: text('consul', 'common.storage.ring.store') },
    ),
    replication_factor: int(3),
    num_tokens: int(128),
  },
)

/** `common`: what other sections derive their defaults from. */
export const commonSchema = section(
  { goType: 'common.Config' },
  {
    path_prefix: text('', 'common.path-prefix'),
    storage: section(
      { goType: 'common.Storage', tolerate: /^(?:hedging|congestion_control)$/ },
      {
        filesystem: section(
          { goType: 'common.FilesystemConfig' },
          {
            chunks_directory: text('', 'common.storage.filesystem.chunk-directory'),
            rules_directory: text('', 'common.storage.filesystem.rules-directory'),
          },
        ),
        object_store: anything(),
        s3: anything(),
        gcs: anything(),
        azure: anything(),
        alibabacloud: anything(),
        bos: anything(),
        swift: anything(),
        cos: anything(),
      },
    ),
    replication_factor: int(3),
    persist_tokens: bool(false),
    ring: ringSchema,
    instance_addr: text(''),
    instance_interface_names: anything([]),
    compactor_address: text('', 'common.compactor-address'),
    compactor_grpc_address: text('', 'common.compactor-grpc-address'),
    scratch_path: text('', 'common.scratch-path'),
  },
)

/** `runtime_config`: the file of per-tenant overrides. */
export const runtimeConfigSchema = section(
  { goType: 'runtimeconfig.Config' },
  {
    file: csv('', 'runtime-config.file'),
    period: goDuration('10s', 'runtime-config.reload-period'),
    http_client_timeout: goDuration('30s'),
    http_client_disable_keep_alives: bool(true),
    http_client_cluster_validation: anything(),
  },
)

/** `operational_config`: what is logged about pushes. */
export const operationalConfigSchema = section(
  { goType: 'runtime.Config' },
  {
    log_stream_creation: bool(false),
    log_push_request: bool(false),
    log_hash_of_labels: bool(false),
    log_push_request_streams: bool(false),
    log_service_name_discovery: bool(false),
    log_duplicate_metrics: bool(false),
    log_duplicate_stream_info: bool(false),
    log_otlp_attribute_expansion: bool(false),
    filter_push_request_streams_ips: anything([]),
    limited_log_push_errors: bool(true),
  },
)
