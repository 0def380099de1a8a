import type { z } from 'zod'
import { anything, bool, csv, goDuration, int, listOf, mapOf, section, text } from '../fields.ts'
import { relabelConfigs } from './relabel.ts'
import {
  alertmanagerClientSchema,
  evaluationSchema,
  remoteWriteClientSchema,
  webhookSchema,
} from './ruler-clients.ts'

/** `ruler`: alerting and recording rules. */
export const rulerSchema = section(
  {
    goType: 'ruler.Config',
    tolerate: /^(?:ruler_client|ring|wal_cleaner|query_stats_)/,
  },
  {
    evaluation_interval: goDuration('1m', 'ruler.evaluation-interval'),
    poll_interval: goDuration('1m', 'ruler.poll-interval'),
    rule_path: text('/rules', 'ruler.rule-path'),
    enable_api: bool(true, 'ruler.enable-api'),
    alertmanager_url: text('', 'ruler.alertmanager-url'),
    enable_alertmanager_v2: bool(true, 'ruler.alertmanager-use-v2'),
    enable_alertmanager_discovery: bool(false),
    alertmanager_refresh_interval: goDuration('1m'),
    alertmanager_client: alertmanagerClientSchema,
    alert_relabel_configs: relabelConfigs,
    webhooks: listOf(webhookSchema),
    notification_queue_capacity: int(10_000),
    notification_timeout: goDuration('10s'),
    for_outage_tolerance: goDuration('1h'),
    for_grace_period: goDuration('10m'),
    resend_delay: goDuration('1m'),
    disable_rule_group_label: bool(false),
    evaluation: evaluationSchema,
    external_url: text('', 'ruler.external.url'),
    datasource_uid: text('', 'ruler.datasource-uid'),
    enabled_tenants: csv(''),
    disabled_tenants: csv(''),
    enable_sharding: bool(false),
    sharding_strategy: text('default'),
    sharding_algo: text('by-group'),
    search_pending_for: goDuration('5m'),
    flush_period: goDuration('1m'),
    wal: section(
      { goType: 'instance.Config', tolerate: /./ },
      {
        dir: text('ruler-wal'),
        truncate_frequency: goDuration('1h'),
        min_age: goDuration('5m'),
        max_age: goDuration('4h'),
      },
    ),
    remote_write: section(
      { goType: 'ruler.RemoteWriteConfig' },
      {
        enabled: bool(false),
        clients: mapOf(remoteWriteClientSchema),
        client: anything(),
        config_refresh_period: goDuration('10s'),
        add_org_id_header: bool(true),
      },
    ),
    storage: section(
      { goType: 'base.RuleStoreConfig', tolerate: /./ },
      {
        type: text(''),
        local: section({ goType: 'local.Config' }, { directory: text('', 'ruler.storage.local.directory') }),
      },
    ),
  },
)

/** `ruler_storage`: where rules lie. */
export const rulerStorageSchema = section(
  { goType: 'rulestore.Config', tolerate: /./ },
  {
    backend: text('filesystem', 'ruler-storage.backend'),
    filesystem: section({ goType: 'filesystem.Config' }, { dir: text('', 'ruler-storage.filesystem.dir') }),
    local: section({ goType: 'local.Config' }, { directory: text('', 'ruler-storage.local.directory') }),
    storage_prefix: text(''),
  },
)

/** `ruler`, typed: durations are milliseconds. */
export type RulerConfig = z.output<typeof rulerSchema>
